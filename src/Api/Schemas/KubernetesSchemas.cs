using System.Text.Json.Nodes;

namespace Dpf.Api.Schemas;

/// <summary>The schemas of Kubernetes' own types that our kinds contain.</summary>
internal static class KubernetesSchemas
{
    /// <summary>The texts that are quantities: a sign, a decimal, and a suffix of powers of 1024 or 10 or an exponent.</summary>
    public const string QuantityPattern =
        @"^(\+|-)?(([0-9]+(\.[0-9]*)?)|(\.[0-9]+))(([KMGTPE]i)|[numkMGTPE]|([eE](\+|-)?(([0-9]+(\.[0-9]*)?)|(\.[0-9]+))))?$";

    /// <summary>metav1.Condition.</summary>
    public static JsonObject Condition() => Parse(
        """
        {
          "type": "object",
          "required": ["lastTransitionTime", "message", "reason", "status", "type"],
          "properties": {
            "lastTransitionTime": {"type": "string", "format": "date-time"},
            "message": {"type": "string", "maxLength": 32768},
            "observedGeneration": {"type": "integer", "format": "int64", "minimum": 0},
            "reason": {"type": "string", "minLength": 1, "maxLength": 1024, "pattern": "^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$"},
            "status": {"type": "string", "enum": ["True", "False", "Unknown"]},
            "type": {
              "type": "string", "maxLength": 316,
              "pattern": "^([a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*/)?(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])$"
            }
          }
        }
        """);

    /// <summary>metav1.LabelSelector.</summary>
    public static JsonObject LabelSelector() => Parse(
        """
        {
          "type": "object",
          "properties": {
            "matchExpressions": {
              "type": "array", "x-kubernetes-list-type": "atomic",
              "items": {
                "type": "object", "required": ["key", "operator"],
                "properties": {
                  "key": {"type": "string"},
                  "operator": {"type": "string"},
                  "values": {"type": "array", "items": {"type": "string"}, "x-kubernetes-list-type": "atomic"}
                }
              }
            },
            "matchLabels": {"type": "object", "additionalProperties": {"type": "string"}}
          },
          "x-kubernetes-map-type": "atomic"
        }
        """);

    /// <summary>corev1.NodeSelector.</summary>
    public static JsonObject NodeSelector()
    {
        const string terms =
            """
            {
              "type": "array", "x-kubernetes-list-type": "atomic",
              "items": {
                "type": "object", "required": ["key", "operator"],
                "properties": {
                  "key": {"type": "string"},
                  "operator": {"type": "string"},
                  "values": {"type": "array", "items": {"type": "string"}, "x-kubernetes-list-type": "atomic"}
                }
              }
            }
            """;
        return new JsonObject
        {
            ["type"] = "object",
            ["required"] = new JsonArray("nodeSelectorTerms"),
            ["properties"] = new JsonObject
            {
                ["nodeSelectorTerms"] = new JsonObject
                {
                    ["type"] = "array",
                    ["items"] = new JsonObject
                    {
                        ["type"] = "object",
                        ["properties"] = new JsonObject { ["matchExpressions"] = Parse(terms), ["matchFields"] = Parse(terms) },
                        ["x-kubernetes-map-type"] = "atomic",
                    },
                    ["x-kubernetes-list-type"] = "atomic",
                },
            },
            ["x-kubernetes-map-type"] = "atomic",
        };
    }

    private static JsonObject Parse(string json) => JsonNode.Parse(json)!.AsObject();
}
