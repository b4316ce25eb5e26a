using System.Text.RegularExpressions;
using System.Xml.Linq;

namespace QemuZeroCopy.House.Tests;

public sealed partial class SourceTests
{
    private const int MaxLines = 600;
    private static readonly string[] s_sourceKinds = [".cs", ".c", ".h", ".js", ".mjs", ".css", ".html", ".sh", ".comp", ".glsl", ".py"];

    [Fact]
    public void The_namespace_is_the_folder()
    {
        var wrong = new List<string>();
        foreach (string file in SourcesByHand(".cs"))
        {
            Match declared = NamespaceLine().Match(Repository.Read(file));
            if (declared.Success && declared.Groups[1].Value != NamespaceOf(file))
                wrong.Add($"{file}: namespace {declared.Groups[1].Value}, the folder says {NamespaceOf(file)}");
        }

        AssertNone(wrong);
    }

    [Fact]
    public void No_file_is_longer_than_600_lines()
    {
        AssertNone(SourcesByHand(s_sourceKinds)
            .Select(file => (file, lines: File.ReadLines(Path.Combine(Repository.Root, file)).Count()))
            .Where(entry => entry.lines > MaxLines)
            .Select(entry => $"{entry.file}: {entry.lines} lines; split it by concern"));
    }

    [Fact]
    public void Nothing_is_left_to_be_done_later()
    {
        AssertNone(SourcesByHand([.. s_sourceKinds, ".md", ".csproj", ".props", ".targets", "/dev"])
            .Where(file => file != "tests/House/SourceTests.cs")
            .SelectMany(file => File.ReadLines(Path.Combine(Repository.Root, file)).Select((line, index) => (file, line, number: index + 1)))
            .Where(entry => LaterMark().IsMatch(entry.line))
            .Select(entry => $"{entry.file}:{entry.number}: {entry.line.Trim()}"));
    }

    [Fact]
    public void No_test_is_skipped_by_an_attribute()
    {
        Assert.DoesNotContain(SourcesByHand(".cs"),
            file => file.StartsWith("tests/", StringComparison.Ordinal) && SkippedTest().IsMatch(Repository.Read(file)));
    }

    /// <summary>An unsafe block lives in Interop or in one of the hot paths named here.</summary>
    [Fact]
    public void Unsafe_code_stays_in_Interop_and_the_hot_paths()
    {
        string[] hotPaths = ["src/Interop/", "src/Pipeline/Convert/", "src/Pipeline/Encode/", "src/Pipeline/Frames/", "src/Pipeline/Display/", "src/Pipeline/Audio/"];
        Assert.DoesNotContain(SourcesByHand(".cs").Where(file => file.StartsWith("src/", StringComparison.Ordinal)),
            file => !hotPaths.Any(folder => file.StartsWith(folder, StringComparison.Ordinal)) && UnsafeWord().IsMatch(WithoutComments(Repository.Read(file))));
    }

    private static void AssertNone(IEnumerable<string> findings)
    {
        string[] all = [.. findings];
        Assert.True(all.Length == 0, string.Join('\n', all));
    }

    private static IEnumerable<string> SourcesByHand(params string[] kinds) =>
        Repository.Files(".", kinds).Where(file => !file.EndsWith(".g.cs", StringComparison.Ordinal) && !file.Contains("/vendor/", StringComparison.Ordinal));

    // As the compiler's default has it: the nearest project's root namespace, then the folders below it.
    private static string NamespaceOf(string file)
    {
        string folder = Path.GetDirectoryName(file)!;
        for (string at = folder; at.Length > 0; at = Path.GetDirectoryName(at)!)
        {
            if (Directory.GetFiles(Path.Combine(Repository.Root, at), "*.csproj") is not [string project])
                continue;
            string root = XDocument.Load(project).Descendants("RootNamespace").FirstOrDefault()?.Value ?? Path.GetFileNameWithoutExtension(project);
            return at == folder ? root : $"{root}.{Path.GetRelativePath(at, folder).Replace('/', '.')}";
        }

        throw new InvalidDataException($"{file} belongs to no project");
    }

    private static string WithoutComments(string source) => Comment().Replace(source, "");

    [GeneratedRegex(@"^namespace ([\w.]+)", RegexOptions.Multiline)]
    private static partial Regex NamespaceLine();

    [GeneratedRegex(@"\b(TODO|FIXME)\b")]
    private static partial Regex LaterMark();

    [GeneratedRegex(@"\[(Fact|Theory)\([^)]*\bSkip\s*=")]
    private static partial Regex SkippedTest();

    [GeneratedRegex(@"\bunsafe\b")]
    private static partial Regex UnsafeWord();

    [GeneratedRegex(@"//.*$", RegexOptions.Multiline)]
    private static partial Regex Comment();
}
