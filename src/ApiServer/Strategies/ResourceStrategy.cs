using System.Text.Json.Nodes;
using Dpf.ApiServer.Serving;

namespace Dpf.ApiServer.Strategies;

/// <summary>Which names a resource's objects may have.</summary>
public enum NameRule
{
    /// <summary>A lower-case DNS subdomain, as most have.</summary>
    Subdomain,

    /// <summary>A DNS label that may start with a digit.</summary>
    Label,

    /// <summary>A DNS label that starts with a letter.</summary>
    StrictLabel,

    /// <summary>Anything that fits into a path.</summary>
    PathSegment,
}

/// <summary>
/// What a kind does besides what all kinds do: defaults, allocation, rules. The request path knows only this type.
/// </summary>
public class ResourceStrategy
{
    /// <summary>A kind without peculiarities.</summary>
    public static readonly ResourceStrategy None = new();

    /// <summary>Which names are allowed.</summary>
    public virtual NameRule Names => NameRule.Subdomain;

    /// <summary>The longest name.</summary>
    public virtual int LongestName => Names is NameRule.Label or NameRule.StrictLabel ? 63 : 253;

    /// <summary>Whether an update without resourceVersion is fine.</summary>
    public virtual bool AllowsUnconditionalUpdate => true;

    /// <summary>Whether a new object brings its status along (nodes do) rather than starting without.</summary>
    public virtual bool KeepsStatusOnCreate => false;

    /// <summary>Fills in what clients may leave out. Called whenever an object is written.</summary>
    public virtual void Default(JsonObject value)
    {
    }

    /// <summary>Sets what only the server sets on a new object; allocates. On a dry run nothing may be kept.</summary>
    public virtual ValueTask PrepareForCreateAsync(JsonObject value, bool dryRun, CancellationToken cancellation) =>
        ValueTask.CompletedTask;

    /// <summary>Carries over what an update can not change; allocates what is new.</summary>
    public virtual ValueTask PrepareForUpdateAsync(
        JsonObject value, JsonObject old, string subresource, bool dryRun, CancellationToken cancellation) =>
        ValueTask.CompletedTask;

    /// <summary>What is wrong with an object; <paramref name="old"/> is null on create.</summary>
    public virtual IEnumerable<FieldError> Validate(JsonObject value, JsonObject? old) => [];

    /// <summary>What is wrong with a change, made to the object itself (<paramref name="subresource"/> is empty) or through a subresource.</summary>
    public virtual IEnumerable<FieldError> ValidateUpdate(JsonObject value, JsonObject old, string subresource) => [];

    /// <summary>
    /// Seconds that a deleted object stays for a graceful end; 0: none. <paramref name="requested"/> is what the client asks.
    /// </summary>
    public virtual long GracePeriod(JsonObject value, long? requested) => 0;

    /// <summary>Whether the object may be deleted; throws <see cref="ApiException"/> if not.</summary>
    public virtual void CheckDelete(JsonObject value)
    {
    }

    /// <summary>Whether a deleted object stays until a controller has removed what depends on it, and marks it so.</summary>
    public virtual bool LingersOnDelete(JsonObject value) => false;

    /// <summary>Marks an object that is being deleted.</summary>
    public virtual void MarkDeleted(JsonObject value)
    {
    }

    /// <summary>The propagation policy when a client names none.</summary>
    public virtual string DefaultPropagation => "Background";

    /// <summary>Called once an object is gone, or was not written after all; gives back what was allocated.</summary>
    public virtual void Release(JsonObject value)
    {
    }
}
