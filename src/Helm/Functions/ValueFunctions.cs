using Dpf.Helm.Templates;

namespace Dpf.Helm.Functions;

/// <summary>Sprig's functions of defaults, choice and types.</summary>
internal static class ValueFunctions
{
    public static FunctionList All { get; } = new()
    {
        { "default", 1, 2, a => a.Count > 1 && GoValue.IsTrue(a[1]) ? a[1] : a[0] },
        { "empty", 1, a => !GoValue.IsTrue(a[0]) },
        { "coalesce", 0, int.MaxValue, a => a.All.FirstOrDefault(GoValue.IsTrue) },
        { "ternary", 3, a => a[2] is bool choice
            ? choice ? a[0] : a[1]
            : throw new ArgumentTypeException(2, $"wrong type for value; expected bool; got {GoValue.TypeName(a[2])}") },
        { "all", 0, int.MaxValue, a => a.All.All(GoValue.IsTrue) },
        { "any", 0, int.MaxValue, a => a.All.Any(GoValue.IsTrue) },
        { "fail", 1, a => throw new TemplateFailedException(a.Text(0)) },
        { "required", 2, a => a[1] is null or "" ? throw new TemplateFailedException(a.Text(0)) : a[1] },
        { "kindOf", 1, a => GoValue.Kind(a[0]) },
        { "kindIs", 2, a => GoValue.Kind(a[1]) == a.Text(0) },
        { "typeOf", 1, a => GoValue.TypeName(a[0]) },
        { "typeIs", 2, a => GoValue.TypeName(a[1]) == a.Text(0) },
        { "typeIsLike", 2, a => GoValue.TypeName(a[1]) == a.Text(0).TrimStart('*') },
        { "deepEqual", 2, a => GoValue.DeepEqual(a[0], a[1]) },
        { "deepCopy", 1, a => GoValue.Copy(a[0]) },
        { "mustDeepCopy", 1, a => GoValue.Copy(a[0]) },
        { "hello", 0, _ => "Hello!" },
    };
}
