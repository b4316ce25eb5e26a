using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;
using System.Xml.Linq;

namespace QemuZeroCopy.House.Tests;

/// <summary>Interop ← Pipeline, Interop.OpenSsl ← WebRtc, {Pipeline, WebRtc} ← Server: references run downward only.</summary>
public sealed class FloorsTests
{
    private static readonly Dictionary<string, string[]> s_allowed = new()
    {
        ["Interop"] = [],
        ["Pipeline"] = ["Interop"],
        ["WebRtc"] = ["Interop"],
        ["Server"] = ["Interop", "Pipeline", "WebRtc"],
    };

    [Fact]
    public void No_project_reference_runs_up_the_floors()
    {
        foreach (string project in Repository.Files("src", ".csproj"))
        {
            string floor = project.Split('/')[1];
            Assert.True(s_allowed.TryGetValue(floor, out string[]? allowed), $"{project}: src/{floor} is no floor of the house");
            IEnumerable<string> referenced = XDocument.Load(Path.Combine(Repository.Root, project)).Descendants("ProjectReference")
                .Select(reference => FloorOf(project, (string)reference.Attribute("Include")!));
            Assert.All(referenced, name => Assert.True(allowed.Contains(name), $"{project} refers to {name}, which is not below it"));
        }
    }

    [Fact]
    public void Every_floor_has_its_project()
    {
        Assert.Equal(s_allowed.Keys.Order(), Repository.Files("src", ".csproj").Select(project => project.Split('/')[1]).Order());
    }

    [Fact]
    public void WebRtc_uses_nothing_of_Interop_but_OpenSsl()
    {
        string assembly = Path.Combine(AppContext.BaseDirectory, "QemuZeroCopy.WebRtc.dll");
        IEnumerable<string> used = NamespacesReferenced(assembly)
            .Where(name => name.StartsWith("QemuZeroCopy.", StringComparison.Ordinal) && !name.StartsWith("QemuZeroCopy.WebRtc", StringComparison.Ordinal));
        Assert.All(used, name => Assert.Equal("QemuZeroCopy.Interop.OpenSsl", name));
    }

    [Fact]
    public void Pipeline_and_WebRtc_do_not_know_each_other()
    {
        Assert.DoesNotContain(NamespacesReferenced(Path.Combine(AppContext.BaseDirectory, "QemuZeroCopy.Pipeline.dll")),
            name => name.StartsWith("QemuZeroCopy.WebRtc", StringComparison.Ordinal) || name.StartsWith("QemuZeroCopy.Server", StringComparison.Ordinal));
    }

    /// <summary>A test project may see its own floor, those below, and nothing above; House and EndToEnd stand outside.</summary>
    [Fact]
    public void A_test_project_reaches_no_higher_than_the_floor_it_tests()
    {
        foreach (string project in Repository.Files("tests", ".csproj").Where(project => s_allowed.ContainsKey(project.Split('/')[1])))
        {
            string floor = project.Split('/')[1];
            IEnumerable<string> referenced = XDocument.Load(Path.Combine(Repository.Root, project)).Descendants("ProjectReference")
                .Select(reference => (string)reference.Attribute("Include")!).Where(path => path.Contains("/src/", StringComparison.Ordinal))
                .Select(path => FloorOf(project, path));
            Assert.All(referenced, name => Assert.True(name == floor || s_allowed[floor].Contains(name), $"{project} refers to {name}"));
        }
    }

    private static string FloorOf(string project, string include)
    {
        string path = Path.GetFullPath(Path.Combine(Repository.Root, Path.GetDirectoryName(project)!, include.Replace('\\', '/')));
        return Path.GetRelativePath(Path.Combine(Repository.Root, "src"), path).Split('/')[0];
    }

    private static HashSet<string> NamespacesReferenced(string assembly)
    {
        using var image = new PEReader(File.OpenRead(assembly));
        MetadataReader metadata = image.GetMetadataReader();
        return [.. metadata.TypeReferences.Select(metadata.GetTypeReference).Select(type => metadata.GetString(type.Namespace)).Where(name => name.Length > 0)];
    }
}
