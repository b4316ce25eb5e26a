using System.Collections.Frozen;
using System.Globalization;
using System.IO.Compression;
using System.Reflection;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Net.Http.Headers;

namespace QemuZeroCopy.Server.Web;

/// <summary>
/// The page's files, embedded in the binary and served from memory, compressed at first use. The page itself loads two of
/// them: its modules in one, page.js, and its style sheets in another, page.css.
/// </summary>
internal static class StaticPage
{
    private const string ResourcePrefix = "wwwroot/";
    private const string Page = "index.html";

    /// <summary>What the page names its still picture by; see <see cref="StillEndpoint"/>.</summary>
    private const string FirstStill = StillEndpoint.Path + "?console=0";

    /// <summary>What page.css is made of.</summary>
    private static readonly string[] s_styles = ["app.css", "bar.css", "panels.css", "overlay.css"];

    private static readonly FrozenDictionary<string, Asset> s_assets = Load();

    private static readonly Asset s_wrongToken = new("signin.html", () => RefuseToken(s_assets["signin.html"].Plain));

    /// <summary>Compresses what every page loads, so that the first viewer does not wait for that.</summary>
    public static void Prepare()
    {
        foreach (string name in new[] { Page, "page.js", "page.css" })
            _ = (s_assets[name].Brotli, s_assets[name].ETag);
        // What that left behind would stay resident until the first collection, which may be hours away.
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive);
    }

    public static bool Has(string path) => s_assets.ContainsKey(Normalize(path));

    /// <summary>Answers GET and HEAD of one of the page's files.</summary>
    public static Task WriteAsync(HttpContext context)
    {
        Asset asset = s_assets[Normalize(context.Request.Path)];
        HttpResponse response = context.Response;
        response.Headers.CacheControl = "no-cache";
        response.Headers.ETag = asset.ETag;
        response.Headers.Vary = HeaderNames.AcceptEncoding;
        if (context.Request.Headers.IfNoneMatch == asset.ETag)
        {
            response.StatusCode = StatusCodes.Status304NotModified;
            return Task.CompletedTask;
        }

        return Normalize(context.Request.Path) == Page && int.TryParse(context.Request.Query["console"], NumberStyles.None, CultureInfo.InvariantCulture, out int console) && console != 0
            ? WriteBodyAsync(context, asset, OfConsole(asset.Plain, console))
            : WriteBodyAsync(context, asset);
    }

    /// <summary>The page that asks for the token.</summary>
    public static Task WriteSignInAsync(HttpContext context, bool wrongToken)
    {
        context.Response.StatusCode = StatusCodes.Status401Unauthorized;
        return WriteBodyAsync(context, wrongToken ? s_wrongToken : s_assets["signin.html"]);
    }

    /// <summary>What anybody may fetch: the looks of the sign-in page.</summary>
    public static bool IsPublic(PathString path) => path.Value is "/signin.css" or "/icon.svg";

    private static async Task WriteBodyAsync(HttpContext context, Asset asset, byte[]? instead = null)
    {
        HttpResponse response = context.Response;
        bool brotli = instead is null && context.Request.Headers.AcceptEncoding.ToString().Contains("br", StringComparison.Ordinal);
        byte[] body = instead ?? (brotli ? asset.Brotli : asset.Plain);
        if (brotli)
            response.Headers.ContentEncoding = "br";
        response.ContentType = asset.ContentType;
        response.ContentLength = body.Length;
        if (!HttpMethods.IsHead(context.Request.Method))
            await response.Body.WriteAsync(body, context.RequestAborted).ConfigureAwait(false);
    }

    private static string Normalize(string? path) => path is null or "" or "/" ? Page : path[1..];

    private static FrozenDictionary<string, Asset> Load()
    {
        Assembly assembly = typeof(StaticPage).Assembly;
        IEnumerable<Asset> files = assembly.GetManifestResourceNames()
            .Where(name => name.StartsWith(ResourcePrefix, StringComparison.Ordinal))
            .Select(name => new Asset(name[ResourcePrefix.Length..], () => Read(assembly, name)));
        Asset[] joined =
        [
            new("page.js", () => Encoding.UTF8.GetBytes(PageBundle.Of("main.js", module => Encoding.UTF8.GetString(Read(assembly, ResourcePrefix + module))))),
            new("page.css", () => [.. s_styles.SelectMany(style => Read(assembly, ResourcePrefix + style))]),
        ];
        return files.Concat(joined).ToFrozenDictionary(asset => asset.Name, StringComparer.Ordinal);
    }

    private static byte[] Read(Assembly assembly, string resource)
    {
        using Stream stream = assembly.GetManifestResourceStream(resource)!;
        byte[] bytes = new byte[stream.Length];
        stream.ReadExactly(bytes);
        return bytes;
    }

    /// <summary>The sign-in page with word of the wrong token, which is read out at once, in its hint's place.</summary>
    private static byte[] RefuseToken(byte[] page)
    {
        string html = Encoding.UTF8.GetString(page);
        int start = html.IndexOf("<p>", StringComparison.Ordinal), end = html.IndexOf("</p>", StringComparison.Ordinal);
        return Encoding.UTF8.GetBytes($"{html[..start]}<p role=\"alert\">That token is not the right one.{html[end..]}");
    }

    /// <summary>The page for another console than the first: its still picture is asked for before any script runs.</summary>
    private static byte[] OfConsole(byte[] page, int console) =>
        Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(page).Replace(FirstStill, string.Create(CultureInfo.InvariantCulture, $"{StillEndpoint.Path}?console={console}"), StringComparison.Ordinal));

    private sealed class Asset
    {
        private readonly Lazy<byte[]> _plain, _brotli;
        private string? _eTag;

        public Asset(string name, Func<byte[]> read)
        {
            Name = name;
            ContentType = TypeOf(name);
            _plain = new(read);
            _brotli = new(() => Compress(Plain));
        }

        public string Name { get; }

        public byte[] Plain => _plain.Value;

        public byte[] Brotli => _brotli.Value;

        public string ETag => _eTag ??= $"\"{Convert.ToHexStringLower(SHA256.HashData(Plain).AsSpan(0, 8))}\"";

        public string ContentType { get; }

        private static string TypeOf(string name) => Path.GetExtension(name) switch
        {
            ".html" => "text/html; charset=utf-8",
            ".js" or ".mjs" => "text/javascript; charset=utf-8",
            ".css" => "text/css; charset=utf-8",
            ".svg" => "image/svg+xml",
            ".webmanifest" => "application/manifest+json",
            ".png" => "image/png",
            _ => "application/octet-stream",
        };

        private static byte[] Compress(byte[] plain)
        {
            using var compressed = new MemoryStream();
            using (var brotli = new BrotliStream(compressed, CompressionLevel.Optimal))
                brotli.Write(plain);
            return compressed.ToArray();
        }
    }
}
