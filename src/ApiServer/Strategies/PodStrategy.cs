using System.Text.Json.Nodes;
using Dpf.ApiServer.Serving;

namespace Dpf.ApiServer.Strategies;

/// <summary>Defaults of pod templates, which workloads share.</summary>
internal static class PodDefaults
{
    /// <summary>Fills in what a pod's spec leaves out.</summary>
    public static void Apply(JsonObject? spec)
    {
        if (spec is null)
        {
            return;
        }

        spec.Default("restartPolicy", "Always");
        spec.Default("dnsPolicy", "ClusterFirst");
        spec.Default("schedulerName", "default-scheduler");
        spec.Default("securityContext", new JsonObject());
        spec.Default("terminationGracePeriodSeconds", 30);
        if (spec.Text("serviceAccountName") is { } account)
        {
            spec.Default("serviceAccount", account);
        }
        else if (spec.Text("serviceAccount") is { } old)
        {
            spec["serviceAccountName"] = old;
        }

        foreach (var container in spec.Objects("initContainers").Concat(spec.Objects("containers")))
        {
            Container(container, spec.Flag("hostNetwork"));
        }

        foreach (var volume in spec.Objects("volumes"))
        {
            Volume(volume);
        }
    }

    private static void Container(JsonObject container, bool hostNetwork)
    {
        container.Default("terminationMessagePath", "/dev/termination-log");
        container.Default("terminationMessagePolicy", "File");
        container.Default("resources", new JsonObject());
        var image = container.Text("image") ?? "";
        container.Default("imagePullPolicy", image.EndsWith(":latest", StringComparison.Ordinal) || image.LastIndexOf(':') <= image.LastIndexOf('/') ? "Always" : "IfNotPresent");
        foreach (var port in container.Objects("ports"))
        {
            port.Default("protocol", "TCP");
            if (hostNetwork && port.Number("containerPort") is { } number)
            {
                port.Default("hostPort", number);
            }
        }

        // A limit without a request is the request.
        if (container.At("resources", "limits") is JsonObject limits)
        {
            foreach (var (name, quantity) in limits)
            {
                container.Map("resources").Map("requests").Default(name, quantity?.DeepClone());
            }
        }

        foreach (var environment in container.Objects("env"))
        {
            if (environment.At("valueFrom", "fieldRef") is JsonObject field)
            {
                field.Default("apiVersion", "v1");
            }
        }

        foreach (var probe in (string[])["livenessProbe", "readinessProbe", "startupProbe"])
        {
            if (container[probe] is JsonObject p)
            {
                p.Default("timeoutSeconds", 1);
                p.Default("periodSeconds", 10);
                p.Default("successThreshold", 1);
                p.Default("failureThreshold", 3);
                if (p["httpGet"] is JsonObject get)
                {
                    get.Default("scheme", "HTTP");
                    get.Default("path", "/");
                }
            }
        }
    }

    private static void Volume(JsonObject volume)
    {
        foreach (var kind in (string[])["secret", "configMap", "downwardAPI", "projected"])
        {
            if (volume[kind] is JsonObject source)
            {
                source.Default("defaultMode", 420);
                foreach (var token in source.Objects("sources").Select(s => s["serviceAccountToken"]).OfType<JsonObject>())
                {
                    token.Default("expirationSeconds", 3600);
                }
            }
        }

        if (volume["hostPath"] is JsonObject path)
        {
            path.Default("type", "");
        }

        if (volume.Count == 1)
        {
            volume["emptyDir"] = new JsonObject();
        }
    }
}

/// <summary>Pods: defaults, service account, graceful end.</summary>
internal sealed class PodStrategy(ServerComposition server) : ResourceStrategy
{
    public override void Default(JsonObject value)
    {
        var spec = value.Map("spec");
        PodDefaults.Apply(spec);
        spec.Default("enableServiceLinks", true);
    }

    public override ValueTask PrepareForCreateAsync(JsonObject value, bool dryRun, CancellationToken cancellation)
    {
        var spec = value.Map("spec");
        spec.Default("serviceAccountName", "default");
        spec["serviceAccount"] = spec["serviceAccountName"]!.DeepClone();
        spec.Default("preemptionPolicy", "PreemptLowerPriority");
        spec.Default("priority", Priority(spec.Text("priorityClassName")));
        AddDefaultTolerations(spec);
        AddToken(value, spec);
        value["status"] = new JsonObject { ["phase"] = "Pending", ["qosClass"] = QosClass(spec) };
        return ValueTask.CompletedTask;
    }

    public override ValueTask PrepareForUpdateAsync(
        JsonObject value, JsonObject old, string subresource, bool dryRun, CancellationToken cancellation)
    {
        if (subresource.Length == 0)
        {
            // Who applies a list of its own does not mean to take the server's away.
            AddDefaultTolerations(value.Map("spec"));
        }

        return ValueTask.CompletedTask;
    }

    public override long GracePeriod(JsonObject value, long? requested)
    {
        // Nobody to end gracefully for: never bound, or over already.
        if (value.Text("spec", "nodeName") is not { Length: > 0 } || value.Text("status", "phase") is "Succeeded" or "Failed")
        {
            return 0;
        }

        return requested ?? value.Number("spec", "terminationGracePeriodSeconds") ?? 30;
    }

    public override IEnumerable<FieldError> Validate(JsonObject value, JsonObject? old)
    {
        var containers = value.Objects("spec", "containers").ToList();
        if (containers.Count == 0)
        {
            yield return FieldError.Required("spec.containers");
        }

        for (var i = 0; i < containers.Count; i++)
        {
            if (containers[i].Text("name") is not { Length: > 0 })
            {
                yield return FieldError.Required($"spec.containers[{i}].name");
            }

            if (containers[i].Text("image") is not { Length: > 0 })
            {
                yield return FieldError.Required($"spec.containers[{i}].image");
            }
        }
    }

    public override IEnumerable<FieldError> ValidateUpdate(JsonObject value, JsonObject old, string subresource)
    {
        if (subresource.Length > 0 || JsonNode.DeepEquals(value["spec"], old["spec"]))
        {
            return [];
        }

        // What was stored before a default was known has it too.
        var was = old.Copy();
        Default(was);
        return PodChanges.Validate(value.Map("spec"), was.Map("spec"));
    }

    private static long Priority(string? name) => name switch
    {
        "system-node-critical" => 2000001000,
        "system-cluster-critical" => 2000000000,
        _ => 0,
    };

    private static void AddDefaultTolerations(JsonObject spec)
    {
        if (spec["tolerations"] is not JsonArray list)
        {
            spec["tolerations"] = list = [];
        }

        foreach (var key in (string[])["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"])
        {
            if (!list.OfType<JsonObject>().Any(t => t.Text("key") == key || (t.Text("key") is null or "" && t.Text("operator") == "Exists")))
            {
                list.Add(new JsonObject { ["key"] = key, ["operator"] = "Exists", ["effect"] = "NoExecute", ["tolerationSeconds"] = 300 });
            }
        }
    }

    private void AddToken(JsonObject pod, JsonObject spec)
    {
        var account = server.Registry.Find("", "v1", "serviceaccounts") is { } accounts
            ? server.Objects.Find(accounts, pod.Namespace(), spec.Text("serviceAccountName")!)
            : null;
        if (account is null && spec.Text("serviceAccountName") != "default")
        {
            throw ApiErrors.Forbidden(
                new GroupResource("", "pods"), pod.Name(),
                $"error looking up service account {pod.Namespace()}/{spec.Text("serviceAccountName")}: serviceaccount \"{spec.Text("serviceAccountName")}\" not found");
        }

        var wanted = spec["automountServiceAccountToken"] ?? account?["automountServiceAccountToken"];
        if (wanted is JsonValue no && no.TryGetValue<bool>(out var mount) && !mount)
        {
            return;
        }

        const string Path = "/var/run/secrets/kubernetes.io/serviceaccount";
        var open = spec.Objects("initContainers").Concat(spec.Objects("containers"))
            .Where(c => !c.Objects("volumeMounts").Any(m => m.Text("mountPath") == Path)).ToList();
        if (open.Count == 0)
        {
            return;
        }

        var name = "kube-api-access-" + RandomName.Suffix();
        if (spec["volumes"] is not JsonArray volumes)
        {
            spec["volumes"] = volumes = [];
        }

        volumes.Add(new JsonObject
        {
            ["name"] = name,
            ["projected"] = new JsonObject
            {
                ["defaultMode"] = 420,
                ["sources"] = new JsonArray(
                    new JsonObject { ["serviceAccountToken"] = new JsonObject { ["expirationSeconds"] = 3607, ["path"] = "token" } },
                    new JsonObject
                    {
                        ["configMap"] = new JsonObject
                        {
                            ["name"] = "kube-root-ca.crt",
                            ["items"] = new JsonArray(new JsonObject { ["key"] = "ca.crt", ["path"] = "ca.crt" }),
                        },
                    },
                    new JsonObject
                    {
                        ["downwardAPI"] = new JsonObject
                        {
                            ["items"] = new JsonArray(new JsonObject
                            {
                                ["path"] = "namespace",
                                ["fieldRef"] = new JsonObject { ["apiVersion"] = "v1", ["fieldPath"] = "metadata.namespace" },
                            }),
                        },
                    }),
            },
        });
        foreach (var container in open)
        {
            if (container["volumeMounts"] is not JsonArray mounts)
            {
                container["volumeMounts"] = mounts = [];
            }

            mounts.Add(new JsonObject { ["name"] = name, ["readOnly"] = true, ["mountPath"] = Path });
        }
    }

    private static string QosClass(JsonObject spec)
    {
        var containers = spec.Objects("containers").ToList();
        if (!containers.Any(c => c.At("resources", "requests") is JsonObject { Count: > 0 } || c.At("resources", "limits") is JsonObject { Count: > 0 }))
        {
            return "BestEffort";
        }

        return containers.All(c => ((string[])["cpu", "memory"]).All(r =>
            c.At("resources", "limits", r) is { } limit && JsonNode.DeepEquals(limit, c.At("resources", "requests", r))))
            ? "Guaranteed"
            : "Burstable";
    }
}
