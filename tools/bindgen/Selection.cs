namespace QemuZeroCopy.Bindgen;

/// <summary>What to bind. One entry a line, "#" begins a comment: <c>KIND NAME [VALUES…]</c>.</summary>
internal sealed class Selection
{
    private readonly ILookup<string, string[]> _entries;

    private Selection(ILookup<string, string[]> entries) => _entries = entries;

    public static Selection Read(string path) => new(
        File.ReadLines(path)
            .Select(line => line.Split('#')[0].Split(' ', StringSplitOptions.RemoveEmptyEntries))
            .Where(words => words.Length >= 2)
            .ToLookup(words => words[0], words => words[1..]));

    /// <summary>The names after every line of that kind, several to a line allowed.</summary>
    public IEnumerable<string> Names(string kind) => _entries[kind].SelectMany(words => words);

    /// <summary>The values an enum is cut down to, or null for all of them.</summary>
    public HashSet<string>? ValuesOf(string enumName)
    {
        var lines = _entries["enum"].Where(words => words[0] == enumName).ToList();
        return lines.Count == 0 ? null : [.. lines.SelectMany(words => words[1..])];
    }
}
