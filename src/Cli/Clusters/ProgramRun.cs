using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Dpf.Cli.Commands;
using Dpf.Runtime.Clusters;

namespace Dpf.Cli.Clusters;

/// <summary>
/// Runs the program of a kubeconfig that gets the user's credential. It may ask the user and tell of it: only its standard output is ours
/// (ExecCredential, API group <c>client.authentication.k8s.io</c>).
/// </summary>
internal sealed class ProgramRun(CredentialProgram program, TimeProvider time)
{
    // Before it ends, so that it does not end on the way.
    private static readonly TimeSpan Margin = TimeSpan.FromSeconds(10);
    private readonly Lock _gate = new();
    private (string? Token, DateTimeOffset Expires) _last;

    /// <summary>What the program gives. It is run once now, and again when its token has ended.</summary>
    /// <exception cref="FormatException">It cannot be started, fails, or gives nothing to use.</exception>
    public UserCredential Credential()
    {
        var (token, certificate) = Ask();
        return new UserCredential(token is null ? null : Token, certificate);
    }

    /// <exception cref="UserErrorException">The program gives no more: its user, in the middle of a command, is to read why.</exception>
    private string? Token()
    {
        lock (_gate)
        {
            try
            {
                return time.GetUtcNow() > _last.Expires - Margin ? Ask().Token : _last.Token;
            }
            catch (FormatException e)
            {
                throw new UserErrorException(e.Message);
            }
        }
    }

    private (string? Token, (string Certificate, string Key)? ClientCertificate) Ask()
    {
        var status = Run();
        var token = Text(status, "token");
        (string, string)? pair = Text(status, "clientCertificateData") is { } certificate && Text(status, "clientKeyData") is { } key
            ? (certificate, key)
            : null;
        if (token is null && pair is null)
        {
            throw new FormatException($"{program.Command} gave neither status.token nor status.clientCertificateData with its key");
        }

        _last = (token, Expiry(status));
        return (token, pair);
    }

    private JsonObject Run()
    {
        var start = new ProcessStartInfo(program.Command, program.Arguments) { UseShellExecute = false, RedirectStandardOutput = true };
        foreach (var (name, value) in program.Environment)
        {
            start.Environment[name] = value;
        }

        start.Environment["KUBERNETES_EXEC_INFO"] = Request().ToJsonString();
        try
        {
            using var process = Process.Start(start)!;
            var output = process.StandardOutput.ReadToEnd();
            process.WaitForExit();
            if (process.ExitCode != 0)
            {
                throw new FormatException($"{program.Command}, which gets the credential, ended with code {process.ExitCode}");
            }

            var answer = JsonNode.Parse(output) as JsonObject;
            return Text(answer, "apiVersion") == program.ApiVersion && answer!["status"] is JsonObject status
                ? status
                : throw new FormatException($"{program.Command} gave no ExecCredential of {program.ApiVersion} with a status");
        }
        catch (Win32Exception e)
        {
            throw new FormatException(
                $"{program.Command}, which gets the credential, cannot be run: {e.Message}{(program.InstallHint is { } hint ? "\n" + hint : "")}", e);
        }
        catch (JsonException e)
        {
            // Without the text, which may hold half a secret.
            throw new FormatException($"{program.Command} gave no JSON (line {e.LineNumber + 1})", e);
        }
    }

    private JsonObject Request()
    {
        var spec = new JsonObject { ["interactive"] = !Console.IsInputRedirected };
        if (program.Server is { } server)
        {
            spec["cluster"] = new JsonObject
            {
                ["server"] = server.OriginalString,
                ["certificate-authority-data"] =
                    program.CertificateAuthority is { } pem ? Convert.ToBase64String(System.Text.Encoding.UTF8.GetBytes(pem)) : null,
            };
        }

        return new JsonObject { ["apiVersion"] = program.ApiVersion, ["kind"] = "ExecCredential", ["spec"] = spec };
    }

    private static DateTimeOffset Expiry(JsonObject status) =>
        Text(status, "expirationTimestamp") is { } text &&
        DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var at)
            ? at
            : DateTimeOffset.MaxValue;

    private static string? Text(JsonObject? value, string name) =>
        value?[name] is JsonValue text && text.TryGetValue<string>(out var found) && found.Length > 0 ? found : null;
}
