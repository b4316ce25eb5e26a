using System.Text;
using System.Text.RegularExpressions;

namespace QemuZeroCopy.Server.Web;

/// <summary>
/// The page's modules in one file: a browser loads six at a time from a host, and there are fifty. Each stays a function of
/// its own, called in the order in which they need each other, with its lines as they stand. It takes modules as the page's
/// are written: imports by name, at the start of a line, and exports where something is declared.
/// </summary>
internal static partial class PageBundle
{
    /// <summary>Everything that <paramref name="entry"/> imports, and it itself; <paramref name="read"/> gives a module's text by its path.</summary>
    public static string Of(string entry, Func<string, string> read)
    {
        var bundle = new StringBuilder("const modules = {};\n");
        Add(entry, read, bundle, [], []);
        return bundle.ToString();
    }

    private static void Add(string module, Func<string, string> read, StringBuilder bundle, HashSet<string> begun, HashSet<string> done)
    {
        if (done.Contains(module))
            return;
        if (!begun.Add(module))
            throw new InvalidOperationException($"{module} imports itself, by way of others.");
        string text = read(module);
        foreach (Match import in Import().Matches(text))
            Add(PathOf(module, import), read, bundle, begun, done);
        string body = Import().Replace(text, import => $"const {{{import.Groups[1].Value.Replace(" as ", ": ", StringComparison.Ordinal)}}} = modules[\"{PathOf(module, import)}\"];");
        IEnumerable<string> exported = Export().Matches(body).Select(export => export.Groups[2].Value);
        bundle.Append("// ").Append(module).Append("\nmodules[\"").Append(module).Append("\"] = (() => {\n")
            .Append(Export().Replace(body, "$1$2")).Append("\nreturn { ").AppendJoin(", ", exported).Append(" };\n})();\n");
        done.Add(module);
    }

    private static string PathOf(string module, Match import) => new Uri(new Uri($"http://page/{module}"), import.Groups[2].Value).AbsolutePath[1..];

    [GeneratedRegex("""^import \{([^}]*)\} from "([^"]+)";""", RegexOptions.Multiline)]
    private static partial Regex Import();

    [GeneratedRegex("""^export ((?:async )?(?:class|function|const) )(\w+)""", RegexOptions.Multiline)]
    private static partial Regex Export();
}
