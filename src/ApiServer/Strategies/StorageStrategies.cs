using System.Text.Json.Nodes;
using Dpf.ApiServer.Serving;

namespace Dpf.ApiServer.Strategies;

/// <summary>Claims: a phase from the beginning; what is asked for only grows.</summary>
internal sealed class VolumeClaimStrategy : ResourceStrategy
{
    public override void Default(JsonObject value)
    {
        value.Map("spec").Default("volumeMode", "Filesystem");
        value.Default("status", new JsonObject { ["phase"] = "Pending" });
    }

    public override IEnumerable<FieldError> Validate(JsonObject value, JsonObject? old)
    {
        if (old?["spec"] is not JsonObject was || value["spec"] is not JsonObject spec)
        {
            yield break;
        }

        var isBound = old.Text("status", "phase") == "Bound";
        if (!Immutable.Same(Fixed(spec, was, isBound), Fixed(was, was, isBound)))
        {
            yield return FieldError.Forbidden(
                "spec", "spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims");
        }

        if (Quantity.Read(spec.At("resources", "requests", "storage")) < Quantity.Read(was.At("resources", "requests", "storage")))
        {
            yield return FieldError.Forbidden("spec.resources.requests.storage", "field can not be less than previous value");
        }
    }

    /// <summary>A spec without what the change from the old one may touch.</summary>
    private static JsonObject Fixed(JsonObject spec, JsonObject old, bool isBound)
    {
        var copy = spec.Copy();
        copy.Remove("volumeAttributesClassName");
        if (isBound && copy["resources"] is JsonObject resources)
        {
            resources.Remove("requests");
        }

        // A binder fills these in once.
        foreach (var field in (string[])["volumeName", "storageClassName"])
        {
            if (old[field] is null)
            {
                copy.Remove(field);
            }
        }

        return copy;
    }
}

/// <summary>Volumes: a phase from the beginning.</summary>
internal sealed class VolumeStrategy : ResourceStrategy
{
    public override void Default(JsonObject value)
    {
        var spec = value.Map("spec");
        spec.Default("volumeMode", "Filesystem");
        spec.Default("persistentVolumeReclaimPolicy", "Retain");
        value.Default("status", new JsonObject { ["phase"] = "Pending" });
    }
}

/// <summary>Storage classes: when volumes are made and kept, which stays as it was for those that were made by them.</summary>
internal sealed class StorageClassStrategy : ResourceStrategy
{
    public override void Default(JsonObject value)
    {
        value.Default("reclaimPolicy", "Delete");
        value.Default("volumeBindingMode", "Immediate");
    }

    public override IEnumerable<FieldError> Validate(JsonObject value, JsonObject? old)
    {
        foreach (var error in Immutable.Fields(value, old, "provisioner"))
        {
            yield return error;
        }

        foreach (var field in (string[])["parameters", "reclaimPolicy", "volumeBindingMode"])
        {
            if (old is not null && !Immutable.Same(value[field], old[field]))
            {
                yield return FieldError.Forbidden(field, $"updates to {field} are forbidden.");
            }
        }
    }
}
