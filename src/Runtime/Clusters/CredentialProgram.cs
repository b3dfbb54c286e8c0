namespace Dpf.Runtime.Clusters;

/// <summary>
/// A program that gets a user's credential: <c>users[].user.exec</c> of a kubeconfig, with what it may ask of the cluster (API group
/// <c>client.authentication.k8s.io</c>).
/// </summary>
/// <param name="ApiVersion">The version that it speaks.</param>
/// <param name="Command">The program, a path or a name to look for.</param>
/// <param name="Arguments">Its arguments.</param>
/// <param name="Environment">Variables besides those that are there.</param>
/// <param name="InstallHint">What to say where the program is missing; null for nothing.</param>
/// <param name="Server">The API server, where the program wants to know of the cluster; else null.</param>
/// <param name="CertificateAuthority">The authorities that the cluster's certificate is of, PEM, or null.</param>
public sealed record CredentialProgram(
    string ApiVersion, string Command, IReadOnlyList<string> Arguments, IReadOnlyDictionary<string, string> Environment,
    string? InstallHint, Uri? Server, string? CertificateAuthority);

/// <summary>By what a user is known. Secrets.</summary>
/// <param name="Token">Gives the bearer token, a new one where the former has ended; null for none.</param>
/// <param name="ClientCertificate">A client certificate and its key, PEM; null for none.</param>
public sealed record UserCredential(Func<string?>? Token, (string Certificate, string Key)? ClientCertificate);
