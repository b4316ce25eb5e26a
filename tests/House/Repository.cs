using System.Reflection;
using System.Runtime.CompilerServices;

namespace QemuZeroCopy.House.Tests;

/// <summary>The working tree that these tests were compiled from, as its sources: no build output, nothing fetched.</summary>
internal static class Repository
{
    private static readonly HashSet<string> s_builtFolders = ["bin", "obj", "artifacts", ".git", ".cache", "node_modules", "TestResults", "BenchmarkDotNet.Artifacts"];

    public static string Root { get; } = FindRoot();

    /// <summary>Files under <paramref name="folder"/> with one of the extensions, as paths relative to the root.</summary>
    public static IReadOnlyList<string> Files(string folder, params string[] extensions) =>
        [.. Walk(Path.Combine(Root, folder))
            .Where(path => extensions.Length == 0 || extensions.Any(extension => path.EndsWith(extension, StringComparison.Ordinal)))
            .Select(path => Path.GetRelativePath(Root, path))
            .Order(StringComparer.Ordinal)];

    public static string Read(string relativePath) => File.ReadAllText(Path.Combine(Root, relativePath));

    private static IEnumerable<string> Walk(string folder)
    {
        foreach (string file in Directory.EnumerateFiles(folder))
            yield return file;
        foreach (string child in Directory.EnumerateDirectories(folder).Where(child => !s_builtFolders.Contains(Path.GetFileName(child))))
            foreach (string file in Walk(child))
                yield return file;
    }

    private static string FindRoot([CallerFilePath] string thisFile = "")
    {
        // The compiler may have mapped source paths away; then the output folder, which lies in the tree, leads up to it.
        string? folder = File.Exists(thisFile) ? Path.GetDirectoryName(thisFile) : Path.GetDirectoryName(Assembly.GetExecutingAssembly().Location);
        while (folder is not null && !File.Exists(Path.Combine(folder, "QemuZeroCopy.sln")))
            folder = Path.GetDirectoryName(folder);
        return folder ?? throw new InvalidOperationException("These tests read the working tree; run them where QemuZeroCopy.sln is.");
    }
}
