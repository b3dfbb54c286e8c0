using System.Globalization;
using System.Text.Json.Nodes;

namespace Dpf.Guide.Traffic;

/// <summary>What the flows are tested with: pods, services and policies, as objects to apply.</summary>
/// <param name="Near">The node of the servers.</param>
/// <param name="Far">Another node; null when there is none.</param>
/// <param name="Image">An image with a shell, curl, ping and socat.</param>
/// <param name="Six">Whether the servers are asked over IPv6.</param>
public sealed record FlowObjects(FlowNode Near, FlowNode? Far, string Image, bool Six = false)
{
    /// <summary>The namespace of everything.</summary>
    public const string Namespace = "dpf-traffic";

    /// <summary>The server among the pods.</summary>
    public const string Server = "server";

    /// <summary>The server on the node itself, which also asks.</summary>
    public const string HostServer = "host-server";

    /// <summary>The container of each pod that asks or answers.</summary>
    public const string Container = "traffic";

    private const string AdminPolicy = "dpf-traffic";
    private static readonly CultureInfo Plain = CultureInfo.InvariantCulture;

    /// <summary>The ports of a server: one that answers HTTP with its name, one that counts what it is sent.</summary>
    public static (int Hello, int Data) Ports(FlowEnd server) => server == FlowEnd.Host ? (5300, 5301) : (5200, 5201);

    /// <summary>The pod that asks in a case.</summary>
    public static string ClientOf(FlowCase flow) => (flow.Client, flow.SameNode) switch
    {
        (FlowEnd.Host, true) => HostServer,
        (FlowEnd.Host, false) => "host-client",
        (_, true) => "client-near",
        _ => "client-far",
    };

    /// <summary>The service in front of a server.</summary>
    public static string ServiceOf(FlowEnd server) => server == FlowEnd.Host ? "to-host" : "to-pod";

    /// <summary>Namespace, pods and services.</summary>
    public IReadOnlyList<JsonObject> All()
    {
        var all = new List<JsonObject>
        {
            Manifest("v1", "Namespace", null, Namespace, []),
            Pod(Server, Near, false, Servers(FlowEnd.Pod)), Pod("client-near", Near, false, Idle()),
            Pod(HostServer, Near, true, Servers(FlowEnd.Host)),
            Service(FlowEnd.Pod, Server), Service(FlowEnd.Host, HostServer),
        };
        if (Far is not null)
        {
            all.Add(Pod("client-far", Far, false, Idle()));
            all.Add(Pod("host-client", Far, true, Idle()));
        }

        return all;
    }

    /// <summary>The policies of a case.</summary>
    public static IReadOnlyList<JsonObject> Policies(FlowPolicy policy)
    {
        var deny = NetworkPolicy("deny", []);
        return policy switch
        {
            FlowPolicy.AdminAllow => [deny, Admin("Allow")],
            FlowPolicy.AdminDeny => [Admin("Deny")],
            FlowPolicy.AdminPass => [deny, Admin("Pass")],
            FlowPolicy.Deny => [deny],
            FlowPolicy.Allow => [NetworkPolicy("allow", [new JsonObject { ["from"] = new JsonArray(new JsonObject { ["podSelector"] = Labels("client-far") }) }])],
            _ => [],
        };
    }

    private JsonObject Idle() => Running(Container, "sleep", "infinity");

    // Each port has a container of its own: one that cannot listen is started again, and the pod is not ready meanwhile.
    private IEnumerable<JsonObject> Servers(FlowEnd end)
    {
        var (hello, data) = Ports(end);

        // HTTP enough for curl: the request is read to its empty line, or the answer would be lost in a reset.
        const string answer = "while read -r line && [ ${#line} -gt 1 ]; do :; done; printf 'HTTP/1.0 200 OK\\r\\n\\r\\n'; hostname";
        yield return Serving(Container, hello, "sh", "-c", $"export answer=\"$0\"; exec socat {Listen(hello)} SYSTEM:'eval \"$answer\"'", answer);
        yield return Serving("data", data, "socat", Listen(data), "SYSTEM:wc -c");
    }

    private string Listen(int port) => string.Create(Plain, $"{(Six ? "TCP6" : "TCP")}-LISTEN:{port},fork,reuseaddr");

    private JsonObject Serving(string name, int port, params string[] command)
    {
        var container = Running(name, command);
        container["readinessProbe"] = new JsonObject { ["tcpSocket"] = new JsonObject { ["port"] = port }, ["periodSeconds"] = 1 };
        return container;
    }

    private JsonObject Running(string name, params string[] command) => new()
    {
        ["name"] = name, ["image"] = Image, ["command"] = new JsonArray([.. command.Select(word => (JsonNode)word)]),
    };

    private JsonObject Pod(string name, FlowNode node, bool isHost, params IEnumerable<JsonObject> containers)
    {
        var selector = new JsonObject { ["kubernetes.io/hostname"] = node.Name };
        if (node.ControlPlaneLabel is { } label)
        {
            // Says that the pod is to have no virtual function.
            selector[label] = node.ControlPlaneLabelValue;
        }

        var spec = new JsonObject
        {
            ["nodeSelector"] = selector,
            ["tolerations"] = new JsonArray(new JsonObject { ["operator"] = "Exists" }),
            ["terminationGracePeriodSeconds"] = 1,
            ["containers"] = new JsonArray([.. containers]),
        };
        if (isHost)
        {
            spec["hostNetwork"] = true;
        }

        var pod = Manifest("v1", "Pod", Namespace, name, spec);
        pod["metadata"]!["labels"] = new JsonObject { ["app"] = name };
        return pod;
    }

    private JsonObject Service(FlowEnd server, string app)
    {
        var (hello, data) = Ports(server);
        return Manifest("v1", "Service", Namespace, ServiceOf(server), new JsonObject
        {
            ["ipFamilyPolicy"] = "SingleStack",
            ["ipFamilies"] = new JsonArray(AddressText.Family(Six)),

            // One service has all three kinds of address.
            ["type"] = "LoadBalancer",
            ["selector"] = new JsonObject { ["app"] = app },
            ["ports"] = new JsonArray(
                new JsonObject { ["name"] = "hello", ["port"] = hello, ["targetPort"] = hello, ["protocol"] = "TCP" },
                new JsonObject { ["name"] = "data", ["port"] = data, ["targetPort"] = data, ["protocol"] = "TCP" }),
        });
    }

    private static JsonObject NetworkPolicy(string name, IEnumerable<JsonObject> ingress) => Manifest("networking.k8s.io/v1", "NetworkPolicy", Namespace, name, new JsonObject
    {
        ["podSelector"] = Labels(Server), ["policyTypes"] = new JsonArray("Ingress"), ["ingress"] = new JsonArray([.. ingress]),
    });

    private static JsonObject Admin(string action)
    {
        var space = new JsonObject { ["matchLabels"] = new JsonObject { ["kubernetes.io/metadata.name"] = Namespace } };
        return Manifest("policy.networking.k8s.io/v1alpha1", "AdminNetworkPolicy", null, AdminPolicy, new JsonObject
        {
            ["priority"] = 10,
            ["subject"] = new JsonObject { ["pods"] = new JsonObject { ["namespaceSelector"] = space.DeepClone(), ["podSelector"] = Labels(Server) } },
            ["ingress"] = new JsonArray(new JsonObject
            {
                ["name"] = "from-the-client", ["action"] = action,
                ["from"] = new JsonArray(new JsonObject
                {
                    ["pods"] = new JsonObject { ["namespaceSelector"] = space.DeepClone(), ["podSelector"] = Labels("client-far") },
                }),
            }),
        });
    }

    private static JsonObject Labels(string app) => new() { ["matchLabels"] = new JsonObject { ["app"] = app } };

    private static JsonObject Manifest(string apiVersion, string kind, string? ns, string name, JsonObject spec)
    {
        var metadata = new JsonObject { ["name"] = name };
        if (ns is not null)
        {
            metadata["namespace"] = ns;
        }

        var value = new JsonObject { ["apiVersion"] = apiVersion, ["kind"] = kind, ["metadata"] = metadata };
        if (spec.Count > 0)
        {
            value["spec"] = spec;
        }

        return value;
    }
}
