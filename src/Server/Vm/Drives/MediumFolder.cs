namespace QemuZeroCopy.Server.Vm.Drives;

/// <summary>
/// The files that pages may put into drives: those that lie in one folder of the host, which the person who started
/// qzc has named. Pages say names, never paths.
/// </summary>
internal sealed class MediumFolder(string path)
{
    /// <summary>What a page can reasonably list.</summary>
    private const int FilesAtMost = 500;

    private readonly string _path = Path.GetFullPath(path);

    /// <summary>The names, in order: plain files, no links (which could lead elsewhere), nothing hidden.</summary>
    public string[] List()
    {
        try
        {
            return [.. new DirectoryInfo(_path).EnumerateFiles()
                .Where(file => file.LinkTarget is null && (file.Attributes & FileAttributes.ReparsePoint) == 0 && !file.Name.StartsWith('.'))
                .Select(file => file.Name).Order(StringComparer.OrdinalIgnoreCase).Take(FilesAtMost)];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }

    /// <summary>The path of a file of this name; null where the folder lists none.</summary>
    public string? Find(string name) => List().Contains(name, StringComparer.Ordinal) ? Path.Combine(_path, name) : null;
}
