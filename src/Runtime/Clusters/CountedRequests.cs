using System.Globalization;
using Dpf.Runtime.Vitals;

namespace Dpf.Runtime.Clusters;

/// <summary>Counts a client's requests by what came of them.</summary>
internal sealed class CountedRequests(HttpMessageHandler inner, ComponentMetrics metrics) : DelegatingHandler(inner)
{
    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var code = "<error>";
        try
        {
            var response = await base.SendAsync(request, cancellationToken);
            code = ((int)response.StatusCode).ToString(CultureInfo.InvariantCulture);
            return response;
        }
        finally
        {
            metrics.Request(code, request.Method.Method, request.RequestUri!.Authority);
        }
    }
}
