using System.Collections.Frozen;
using System.IO.Compression;
using System.Reflection;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Net.Http.Headers;

namespace QemuZeroCopy.Server.Web;

/// <summary>The page's files, embedded in the binary and served from memory, compressed at first use.</summary>
internal static class StaticPage
{
    private const string ResourcePrefix = "wwwroot/";

    private static readonly FrozenDictionary<string, Asset> s_assets = Load();

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

        return WriteBodyAsync(context, asset);
    }

    /// <summary>The page that asks for the token.</summary>
    public static Task WriteSignInAsync(HttpContext context, bool wrongToken)
    {
        context.Response.StatusCode = StatusCodes.Status401Unauthorized;
        return WriteBodyAsync(context, s_assets[wrongToken ? "signin-wrong.html" : "signin.html"]);
    }

    /// <summary>What anybody may fetch: the looks of the sign-in page.</summary>
    public static bool IsPublic(PathString path) => path.Value is "/signin.css" or "/icon.svg";

    private static async Task WriteBodyAsync(HttpContext context, Asset asset)
    {
        HttpResponse response = context.Response;
        bool brotli = context.Request.Headers.AcceptEncoding.ToString().Contains("br", StringComparison.Ordinal);
        byte[] body = brotli ? asset.Brotli : asset.Plain;
        if (brotli)
            response.Headers.ContentEncoding = "br";
        response.ContentType = asset.ContentType;
        response.ContentLength = body.Length;
        if (!HttpMethods.IsHead(context.Request.Method))
            await response.Body.WriteAsync(body, context.RequestAborted).ConfigureAwait(false);
    }

    private static string Normalize(string? path) => path is null or "" or "/" ? "index.html" : path[1..];

    private static FrozenDictionary<string, Asset> Load()
    {
        Assembly assembly = typeof(StaticPage).Assembly;
        return assembly.GetManifestResourceNames()
            .Where(name => name.StartsWith(ResourcePrefix, StringComparison.Ordinal))
            .ToFrozenDictionary(name => name[ResourcePrefix.Length..], name => new Asset(assembly, name), StringComparer.Ordinal);
    }

    /// <summary>
    /// Names all modules in the page's head: a browser would find them one import after the other, a round trip for each level.
    /// What is loaded only when it is asked for lies under vendor/; a worker's or worklet's module is not the page's.
    /// </summary>
    private static byte[] NameModules(byte[] page)
    {
        IEnumerable<string> modules = s_assets.Keys
            .Where(name => name.EndsWith(".js", StringComparison.Ordinal) && !name.EndsWith("-worker.js", StringComparison.Ordinal) && !name.EndsWith("-worklet.js", StringComparison.Ordinal) && !name.StartsWith("vendor/", StringComparison.Ordinal))
            .Order(StringComparer.Ordinal);
        string links = string.Concat(modules.Select(name => $"  <link rel=\"modulepreload\" href=\"/{name}\">\n"));
        string html = Encoding.UTF8.GetString(page);
        return Encoding.UTF8.GetBytes(html.Insert(html.IndexOf("</head>", StringComparison.Ordinal), links));
    }

    private sealed class Asset(Assembly assembly, string resource)
    {
        private readonly Lazy<byte[]> _plain = new(() => Read(assembly, resource));
        private readonly Lazy<byte[]> _brotli = new(() => Compress(Read(assembly, resource)));
        private string? _eTag;

        public byte[] Plain => _plain.Value;

        public byte[] Brotli => _brotli.Value;

        public string ETag => _eTag ??= $"\"{Convert.ToHexStringLower(SHA256.HashData(Plain).AsSpan(0, 8))}\"";

        public string ContentType { get; } = Path.GetExtension(resource) switch
        {
            ".html" => "text/html; charset=utf-8",
            ".js" or ".mjs" => "text/javascript; charset=utf-8",
            ".css" => "text/css; charset=utf-8",
            ".svg" => "image/svg+xml",
            ".webmanifest" => "application/manifest+json",
            ".png" => "image/png",
            _ => "application/octet-stream",
        };

        private static byte[] Read(Assembly assembly, string resource)
        {
            using Stream stream = assembly.GetManifestResourceStream(resource)!;
            byte[] bytes = new byte[stream.Length];
            stream.ReadExactly(bytes);
            return resource == ResourcePrefix + "index.html" ? NameModules(bytes) : bytes;
        }

        private static byte[] Compress(byte[] plain)
        {
            using var compressed = new MemoryStream();
            using (var brotli = new BrotliStream(compressed, CompressionLevel.Optimal))
                brotli.Write(plain);
            return compressed.ToArray();
        }
    }
}
