namespace QemuZeroCopy.Bench.Browser;

/// <summary>The scripts that run in measured pages, kept beside the code that asks them.</summary>
internal static class EmbeddedScript
{
    public static string Read(string name)
    {
        using Stream stream = typeof(EmbeddedScript).Assembly.GetManifestResourceStream(name)!;
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}
