using System.Text.Json.Nodes;
using Dpf.Guide.Commands;

namespace Dpf.Guide.Tests;

public sealed class LastAppliedTests
{
    private const string Annotation = "kubectl.kubernetes.io/last-applied-configuration";

    [Fact]
    public void Is_written_as_kubectl_writes_it()
    {
        var manifest = JsonNode.Parse("""{"kind":"Service","apiVersion":"v1","metadata":{"name":"a"},"spec":{"ports":[{"port":1,"name":"<&'\"é>"}]}}""")!;

        var noted = LastApplied.Noted(manifest.AsObject(), "default");

        Assert.Equal(
            """{"apiVersion":"v1","kind":"Service","metadata":{"annotations":{},"name":"a","namespace":"default"},"spec":{"ports":[{"name":"\u003c\u0026'\"é\u003e","port":1}]}}""" + "\n",
            (string?)noted["metadata"]!["annotations"]![Annotation]);
        Assert.Null(noted["metadata"]!["namespace"]);
        Assert.Null(manifest["metadata"]!["annotations"]);
    }

    [Fact]
    public void Keeps_the_annotations_and_the_namespace_of_the_file_but_not_an_older_note()
    {
        var manifest = JsonNode.Parse(
            """{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a","namespace":"b","annotations":{"x":"y","kubectl.kubernetes.io/last-applied-configuration":"old"}}}""")!;

        var noted = LastApplied.Noted(manifest.AsObject(), "default");

        Assert.Equal(
            """{"apiVersion":"v1","kind":"ConfigMap","metadata":{"annotations":{"x":"y"},"name":"a","namespace":"b"}}""" + "\n",
            (string?)noted["metadata"]!["annotations"]![Annotation]);
        Assert.Equal("y", (string?)noted["metadata"]!["annotations"]!["x"]);
    }

    [Fact]
    public void A_kind_without_namespaces_gets_none_and_a_secret_no_note()
    {
        var space = LastApplied.Noted(JsonNode.Parse("""{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"a"}}""")!.AsObject(), null);
        var secret = LastApplied.Noted(JsonNode.Parse("""{"apiVersion":"v1","kind":"Secret","metadata":{"name":"a"}}""")!.AsObject(), "default");

        Assert.Equal(
            """{"apiVersion":"v1","kind":"Namespace","metadata":{"annotations":{},"name":"a"}}""" + "\n",
            (string?)space["metadata"]!["annotations"]![Annotation]);
        Assert.Null(secret["metadata"]!["annotations"]);
    }
}
