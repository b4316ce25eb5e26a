using System.Globalization;
using Microsoft.Extensions.Primitives;

namespace QemuZeroCopy.Server.Web;

/// <summary>
/// Decides who may see anything at all. A browser comes with the token in the address once, and is known by
/// a cookie from then on; other programs send it as a bearer token.
/// </summary>
internal sealed class AccessGuard(AccessToken token, AccessToken? viewToken = null)
{
    /// <summary>Query parameter of the printed address.</summary>
    public const string TokenParameter = "token";

    private const string BearerPrefix = "Bearer ";

    /// <summary>Whether whoever sent this request may drive the machine, or only watch.</summary>
    public static bool MayControl(HttpContext context) => context.Items[nameof(AccessGuard)] is true;

    public async Task InvokeAsync(HttpContext context, RequestDelegate next)
    {
        SecurityHeaders.Apply(context.Response.Headers);
        HttpRequest request = context.Request;
        if (request.Query.TryGetValue(TokenParameter, out StringValues given))
        {
            if (Find(t => t.Matches(given)) is not { } found)
            {
                await DenyAsync(context, "This token is not the one that qzc printed.").ConfigureAwait(false);
                return;
            }

            SetCookie(context, found);
            context.Items[nameof(AccessGuard)] = found == token;
        }
        else if (Known(request) is { } known)
        {
            context.Items[nameof(AccessGuard)] = known == token;
        }
        else
        {
            await DenyAsync(context, null).ConfigureAwait(false);
            return;
        }

        if (!IsSameOrigin(request))
        {
            await ErrorResponse.WriteAsync(context, StatusCodes.Status403Forbidden, "This request comes from another site's page.").ConfigureAwait(false);
            return;
        }

        await next(context).ConfigureAwait(false);
    }

    /// <summary>
    /// Browsers send Origin with every WebSocket handshake and every request that is not a plain GET, and
    /// cookies only to us: so a cookie needs the right Origin, a bearer token needs none but no wrong one.
    /// </summary>
    private static bool IsSameOrigin(HttpRequest request)
    {
        StringValues origin = request.Headers.Origin;
        if (origin.Count == 0)
        {
            bool plain = HttpMethods.IsGet(request.Method) || HttpMethods.IsHead(request.Method);
            return (plain && !IsUpgrade(request)) || HasBearer(request);
        }

        return origin.Count == 1 && string.Equals(origin[0], $"{request.Scheme}://{request.Host}", StringComparison.OrdinalIgnoreCase);
    }

    private static bool IsUpgrade(HttpRequest request) => request.HttpContext.WebSockets.IsWebSocketRequest || request.Headers.ContainsKey("Upgrade");

    private static bool HasBearer(HttpRequest request) => request.Headers.Authorization.ToString().StartsWith(BearerPrefix, StringComparison.OrdinalIgnoreCase);

    private AccessToken? Known(HttpRequest request)
    {
        string bearer = request.Headers.Authorization.ToString();
        string? cookie = request.Cookies[CookieName(request.HttpContext)];
        return HasBearer(request) ? Find(t => t.Matches(bearer[BearerPrefix.Length..].Trim())) : Find(t => t.MatchesCookie(cookie));
    }

    /// <summary>Asks both tokens, whatever the first one says: the time taken tells nothing.</summary>
    private AccessToken? Find(Func<AccessToken, bool> matches)
    {
        bool controls = matches(token), views = viewToken is not null && matches(viewToken);
        return controls ? token : views ? viewToken : null;
    }

    /// <summary>Cookies do not keep ports apart, so that two of us on one host need two names.</summary>
    private static string CookieName(HttpContext context) => string.Create(CultureInfo.InvariantCulture, $"qzc-{context.Connection.LocalPort}");

    private static void SetCookie(HttpContext context, AccessToken found) => context.Response.Cookies.Append(CookieName(context), found.CookieValue, new CookieOptions
    {
        HttpOnly = true,
        SameSite = SameSiteMode.Strict,
        Secure = context.Request.IsHttps,
        Path = "/",
        IsEssential = true,
    });

    private static Task DenyAsync(HttpContext context, string? reason)
    {
        context.Response.Headers.WWWAuthenticate = "Bearer realm=\"qzc\"";
        bool wantsPage = HttpMethods.IsGet(context.Request.Method) && context.Request.Headers.Accept.ToString().Contains("text/html", StringComparison.OrdinalIgnoreCase);
        return wantsPage
            ? StaticPage.WriteSignInAsync(context, wrongToken: reason is not null)
            : ErrorResponse.WriteAsync(context, StatusCodes.Status401Unauthorized, reason ?? "The token is missing: open the address that qzc printed, or send it as 'Authorization: Bearer TOKEN'.");
    }
}
