using System.Xml.Linq;

namespace QemuZeroCopy.House.Tests;

public sealed class LicenceTests
{
    /// <summary>A package comes in with a row in THIRD-PARTY.md that says under which licence, and leaves with it.</summary>
    [Fact]
    public void Every_package_is_listed_with_its_licence()
    {
        Dictionary<string, string> listed = Table("THIRD-PARTY.md");
        foreach (XElement package in XDocument.Load(Path.Combine(Repository.Root, "Directory.Packages.props")).Descendants("PackageVersion"))
        {
            string name = (string)package.Attribute("Include")!, version = (string)package.Attribute("Version")!;
            Assert.True(listed.TryGetValue(name, out string? licence), $"{name} is not in THIRD-PARTY.md");
            if (DeclaredLicence(name, version) is { } declared)
                Assert.Equal($"{name}: {declared}", $"{name}: {licence}");
        }
    }

    [Fact]
    public void No_package_is_listed_that_is_not_used()
    {
        HashSet<string> used = [.. XDocument.Load(Path.Combine(Repository.Root, "Directory.Packages.props")).Descendants("PackageVersion").Select(package => (string)package.Attribute("Include")!)];
        string packages = Repository.Read("THIRD-PARTY.md").Split("\n## ").Single(section => section.StartsWith("NuGet", StringComparison.Ordinal));
        Assert.DoesNotContain(Rows(packages).Select(row => row.Name), name => !used.Contains(name));
    }

    private static Dictionary<string, string> Table(string file) =>
        Rows(Repository.Read(file)).ToDictionary(row => row.Name, row => row.Licence);

    private static IEnumerable<(string Name, string Licence)> Rows(string text) =>
        text.Split('\n').Where(line => line.StartsWith("| ", StringComparison.Ordinal)).Select(line => line.Split('|', StringSplitOptions.TrimEntries))
            .Where(cells => cells.Length >= 4 && cells[1] is not ("Name" or "---")).Select(cells => (cells[1], cells[2]));

    /// <summary>The SPDX expression in the restored package itself; null where it gives a file or an address instead.</summary>
    private static string? DeclaredLicence(string name, string version)
    {
        string packages = Environment.GetEnvironmentVariable("NUGET_PACKAGES") ?? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".nuget/packages");
        string id = name.ToLowerInvariant(), nuspec = Path.Combine(packages, id, version, $"{id}.nuspec");
        if (!File.Exists(nuspec))
            return null;
        return XDocument.Load(nuspec).Descendants().FirstOrDefault(element => element.Name.LocalName == "license" && (string?)element.Attribute("type") == "expression")?.Value;
    }
}
