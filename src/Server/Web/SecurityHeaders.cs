namespace QemuZeroCopy.Server.Web;

/// <summary>What every answer says about how little the page may do.</summary>
internal static class SecurityHeaders
{
    /// <summary>Scripts, styles and workers from this server only, nothing inline; cursors are data: images.</summary>
    public const string ContentSecurityPolicy =
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; media-src 'self' blob:; " +
        "font-src 'self'; worker-src 'self'; manifest-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'; " +
        "require-trusted-types-for 'script'; trusted-types qzc-worker";

    private const string PermissionsPolicy =
        "camera=(), geolocation=(), payment=(), usb=(), serial=(), hid=(), midi=(), microphone=(self), clipboard-read=(self), clipboard-write=(self), fullscreen=(self), gamepad=(self)";

    public static void Apply(IHeaderDictionary headers)
    {
        headers.ContentSecurityPolicy = ContentSecurityPolicy;
        headers.XContentTypeOptions = "nosniff";
        headers.XFrameOptions = "DENY";
        headers["Referrer-Policy"] = "no-referrer";
        headers["Cross-Origin-Opener-Policy"] = "same-origin";
        headers["Cross-Origin-Resource-Policy"] = "same-origin";
        headers["Cross-Origin-Embedder-Policy"] = "require-corp";
        headers["Permissions-Policy"] = PermissionsPolicy;
        headers.CacheControl = "no-store";
    }
}
