using Microsoft.AspNetCore.Http;

namespace Dpf.ApiServer.Serving;

/// <summary>A client's wish for a table instead of objects.</summary>
/// <param name="IncludeObject"><c>None</c>, <c>Metadata</c> or <c>Object</c>.</param>
internal sealed record TableForm(string IncludeObject)
{
    public static TableForm? Of(HttpContext http)
    {
        // The first form that is known wins; kubectl asks for a table first.
        foreach (var type in http.Request.Headers.Accept.ToString().Split(','))
        {
            if (type.Contains("as=Table", StringComparison.Ordinal))
            {
                return type.Contains("v=v1;", StringComparison.Ordinal) || type.Contains("v=v1", StringComparison.Ordinal) &&
                    !type.Contains("v1beta1", StringComparison.Ordinal)
                    ? new TableForm(http.Request.Query["includeObject"].ToString() is { Length: > 0 } wanted ? wanted : "Metadata")
                    : null;
            }

            if (type.Trim().StartsWith("application/json", StringComparison.Ordinal))
            {
                return null;
            }
        }

        return null;
    }
}
