namespace Dpf.Api.Operator;

/// <summary>Which DPFOperatorConfig counts. There is one system; the operator ignores further ones, and so has everybody else to.</summary>
public static class DpfOperatorConfigs
{
    /// <summary>The namespace of the one that an operator looks after unless it is told another.</summary>
    public const string Namespace = "dpf-operator-system";

    /// <summary>Its name.</summary>
    public const string Name = "dpfoperatorconfig";

    /// <summary>
    /// The one that counts: that of the usual name; where there is none of that name the only one, whatever it is called, since an
    /// operator can be told to look after it.
    /// </summary>
    /// <returns>Null where there is none, or several of which nobody can tell.</returns>
    public static DpfOperatorConfig? Singleton(this IEnumerable<DpfOperatorConfig> configs)
    {
        var all = configs.ToList();
        return all.Find(c => c.Metadata.NamespaceProperty == Namespace && c.Metadata.Name == Name) ?? (all is [var only] ? only : null);
    }
}
