using System.Net;
using System.Text.RegularExpressions;

namespace QemuZeroCopy.Server.Tests.Web;

public sealed partial class StaticPageTests : IAsyncLifetime
{
    private TestSite _site = null!;

    public async ValueTask InitializeAsync() => _site = await TestSite.StartAsync();

    public ValueTask DisposeAsync() => _site.DisposeAsync();

    [Fact]
    public async Task The_page_names_every_module_that_it_imports_and_no_other()
    {
        string[] named = [.. Preload().Matches(await TextAsync("/")).Select(match => match.Groups[1].Value)];
        var imported = new HashSet<string>();
        var open = new Stack<string>(["/main.js"]);
        while (open.TryPop(out string? module))
        {
            if (!imported.Add(module))
                continue;
            foreach (Match import in Import().Matches(await TextAsync(module)))
                open.Push(new Uri(new Uri("http://page" + module), import.Groups[1].Value).AbsolutePath);
        }

        Assert.True(imported.Count > 10);
        Assert.Equal(imported.Order(StringComparer.Ordinal), named);
    }

    private async Task<string> TextAsync(string path)
    {
        using HttpResponseMessage response = await _site.SendAsync(HttpMethod.Get, path);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        return await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
    }

    [GeneratedRegex("""<link rel="modulepreload" href="([^"]+)">""")]
    private static partial Regex Preload();

    [GeneratedRegex("""^import [^;]* from "([^"]+)";""", RegexOptions.Multiline)]
    private static partial Regex Import();
}
