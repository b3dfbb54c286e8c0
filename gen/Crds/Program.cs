using Dpf.Crds;

// Writes the CustomResourceDefinitions of our kinds into the charts that install them.
//   dotnet run --project gen/Crds -- deploy/charts
var charts = args is [var folder] ? folder : "deploy/charts";
var files = CrdFiles.All().ToList();
foreach (var (path, text) in files)
{
    var file = Path.Combine(charts, path);
    Directory.CreateDirectory(Path.GetDirectoryName(file)!);
    File.WriteAllText(file, text);
}

Console.WriteLine($"{files.Count} files written below {charts}");
