using System.Net;
using System.Text.RegularExpressions;

namespace QemuZeroCopy.Server.Tests.Web;

public sealed partial class StaticPageTests : IAsyncLifetime
{
    private TestSite _site = null!;

    public async ValueTask InitializeAsync() => _site = await TestSite.StartAsync();

    public ValueTask DisposeAsync() => _site.DisposeAsync();

    [Fact]
    public async Task The_page_loads_its_modules_and_its_looks_as_one_file_each()
    {
        string page = await TextAsync("/");
        Assert.Equal(["/page.js"], Script().Matches(page).Select(match => match.Groups[1].Value));
        Assert.Equal(["/page.css"], Style().Matches(page).Select(match => match.Groups[1].Value));

        string looks = await TextAsync("/page.css"), modules = await TextAsync("/page.js");
        Assert.Contains(await TextAsync("/overlay.css"), looks, StringComparison.Ordinal);
        Assert.DoesNotContain("\nimport {", modules, StringComparison.Ordinal);
        Assert.DoesNotContain("\nexport ", modules, StringComparison.Ordinal);
        // What opens the connections is run before the rest of the page is built.
        Assert.InRange(modules.IndexOf("\n// start.js\n", StringComparison.Ordinal), 1, modules.IndexOf("\n// view/toolbar.js\n", StringComparison.Ordinal));
        Assert.EndsWith("})();\n", modules, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/", 0)]
    [InlineData("/?console=0", 0)]
    [InlineData("/?console=3", 3)]
    [InlineData("/?console=3%22%3E%3Cscript%3E", 0)]
    [InlineData("/?console=-1", 0)]
    public async Task The_page_asks_for_the_still_of_its_own_console(string path, int console)
    {
        string page = await TextAsync(path);
        Assert.Contains($"src=\"/still?console={console}\"", page, StringComparison.Ordinal);
        Assert.DoesNotContain("<script>", page, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_console_without_a_picture_has_no_still()
    {
        using HttpResponseMessage nothing = await _site.SendAsync(HttpMethod.Get, "/still?console=0");
        Assert.Equal(HttpStatusCode.NoContent, nothing.StatusCode);
        using HttpResponseMessage none = await _site.SendAsync(HttpMethod.Get, "/still?console=7");
        Assert.Equal(HttpStatusCode.NotFound, none.StatusCode);
        using HttpResponseMessage stranger = await _site.SendAsync(HttpMethod.Get, "/still?console=0", cookie: null);
        Assert.Equal(HttpStatusCode.Unauthorized, stranger.StatusCode);
        using HttpResponseMessage post = await _site.SendAsync(HttpMethod.Post, "/still?console=0");
        Assert.Equal(HttpStatusCode.MethodNotAllowed, post.StatusCode);
    }

    private async Task<string> TextAsync(string path)
    {
        using HttpResponseMessage response = await _site.SendAsync(HttpMethod.Get, path);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        return await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
    }

    [GeneratedRegex("""<script [^>]*src="([^"]+)">""")]
    private static partial Regex Script();

    [GeneratedRegex("""<link rel="stylesheet" href="([^"]+)">""")]
    private static partial Regex Style();
}
