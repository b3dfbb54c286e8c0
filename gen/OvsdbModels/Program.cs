using System.Text.Json;
using Dpf.Ovsdb.Schemas;
using Dpf.OvsdbModels;

// Writes src/Ovsdb/Models from the schemas beside this file. Run from the repository's root:
//   dotnet run --project gen/OvsdbModels
// With --check it changes nothing and exits with 1 when a file differs from what it would write.
(string Schema, string Folder)[] models =
[
    ("ovn-nb.ovsschema", "Northbound"), ("ovn-sb.ovsschema", "Southbound"), ("vswitch.ovsschema", "OpenVSwitch"),
];
var differs = false;
foreach (var (file, folder) in models)
{
    using var json = JsonDocument.Parse(File.ReadAllText(Path.Combine("gen", "OvsdbModels", "schemas", file)));
    var source = ModelWriter.Write(DatabaseSchema.Parse(json.RootElement), folder);
    var path = Path.Combine("src", "Ovsdb", "Models", folder, folder + ".g.cs");
    var isSame = File.Exists(path) && File.ReadAllText(path) == source;
    differs |= !isSame;
    if (!isSame && !args.Contains("--check"))
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, source);
    }

    Console.WriteLine($"{path}: {(isSame ? "up to date" : args.Contains("--check") ? "differs" : "written")}");
}

return differs && args.Contains("--check") ? 1 : 0;
