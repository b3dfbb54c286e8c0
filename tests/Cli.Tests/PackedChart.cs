using Dpf.Helm.Charts;
using Dpf.Helm.Repositories;
using Dpf.Testing;

namespace Dpf.Cli.Tests;

/// <summary>Charts with what they need from others, for which the lab's stand in.</summary>
internal static class PackedChart
{
    public static Chart Load(string name) => Load(ChartPackage.Pack(
        TestFolder.Chart(name), new PackOptions { Dependencies = DependenciesOf(name) }));

    public static Chart Load(ChartPackage package) => ChartLoader.FromArchive(new MemoryStream(package.Archive), package.Name);

    public static IReadOnlyDictionary<string, byte[]> DependenciesOf(string name) => ChartPackage.MissingFrom(TestFolder.Chart(name))
        .ToDictionary(d => d.Name, d => ChartPackage.Pack(TestFolder.Chart(d.Name), new PackOptions()).Archive, StringComparer.Ordinal);
}
