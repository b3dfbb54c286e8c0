using Dpf.Runtime.Clusters;

namespace Dpf.Services.Reporting;

/// <summary>Failures that belong into a status, as opposed to mistakes of the program.</summary>
internal static class Failures
{
    /// <summary>Whether a failure is the world's: told to users and tried again. A conflict is none: the controller looks again.</summary>
    public static bool IsExpected(Exception e) =>
        e is KubeException { IsConflict: false } or HttpRequestException or TimeoutException or IOException or FormatException or InvalidOperationException
            or ObjectDisposedException;

    /// <summary>A failure in a few words.</summary>
    public static string Describe(Exception e) => e is ObjectDisposedException ? "its kubeconfig was replaced; again at once" : e.Message;
}
