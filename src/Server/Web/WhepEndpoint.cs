using System.Globalization;
using System.Text;

namespace QemuZeroCopy.Server.Web;

/// <summary>
/// WebRTC-HTTP egress (draft-ietf-wish-whep): an offer is posted to /whep/CONSOLE and answered at once; the
/// session's resource takes PATCH (trickle, ICE restart) and DELETE. So any standard player connects.
/// </summary>
internal sealed class WhepEndpoint(IMediaGateway media)
{
    public const string Prefix = "/whep/";

    private const string SdpType = "application/sdp";
    private const string FragmentType = "application/trickle-ice-sdpfrag";

    /// <summary>A browser's offer with every codec has 10 kB; ten times that is nobody's.</summary>
    private const int MaxBodyBytes = 128 * 1024;

    public Task InvokeAsync(HttpContext context, string path)
    {
        int slash = path.IndexOf('/', StringComparison.Ordinal);
        string consoleText = slash < 0 ? path : path[..slash];
        if (!int.TryParse(consoleText, NumberStyles.None, CultureInfo.InvariantCulture, out int console))
            return ErrorResponse.WriteAsync(context, StatusCodes.Status404NotFound, "A console is named by its number, as in /whep/0.");
        return slash < 0 ? OnConsoleAsync(context, console) : OnResourceAsync(context, path[(slash + 1)..]);
    }

    private Task OnConsoleAsync(HttpContext context, int console)
    {
        context.Response.Headers["Accept-Post"] = SdpType;
        if (HttpMethods.IsPost(context.Request.Method))
            return PostAsync(context, console);
        if (HttpMethods.IsOptions(context.Request.Method))
            return NoContentAsync(context);
        return MethodNotAllowedAsync(context, "OPTIONS, POST");
    }

    private Task OnResourceAsync(HttpContext context, string id)
    {
        context.Response.Headers["Accept-Patch"] = FragmentType;
        if (HttpMethods.IsPatch(context.Request.Method))
            return PatchAsync(context, id);
        if (HttpMethods.IsDelete(context.Request.Method))
            return DeleteAsync(context, id);
        if (HttpMethods.IsOptions(context.Request.Method))
            return NoContentAsync(context);
        return MethodNotAllowedAsync(context, "DELETE, OPTIONS, PATCH");
    }

    private async Task PostAsync(HttpContext context, int console)
    {
        if (await ReadBodyAsync(context, SdpType).ConfigureAwait(false) is not { } offer)
            return;
        MediaAnswer answer = await media.OpenAsync(console, offer, context.Request.Query["session"].ToString(), context.RequestAborted).ConfigureAwait(false);
        if (answer.Outcome != MediaOutcome.Accepted)
        {
            await RefuseAsync(context, answer).ConfigureAwait(false);
            return;
        }

        context.Response.StatusCode = StatusCodes.Status201Created;
        context.Response.Headers["Accept-Patch"] = FragmentType;
        context.Response.Headers.ETag = Quoted(answer.IceSession);
        if (media.IceServers.Count > 0)
            context.Response.Headers.Link = media.IceServers.Select(server => server.Link).ToArray();
        context.Response.Headers.Location = string.Create(CultureInfo.InvariantCulture, $"{Prefix}{console}/{answer.ResourceId}");
        await WriteSdpAsync(context, SdpType, answer.Sdp).ConfigureAwait(false);
    }

    private async Task PatchAsync(HttpContext context, string id)
    {
        if (await ReadBodyAsync(context, FragmentType).ConfigureAwait(false) is not { } fragment)
            return;
        MediaAnswer answer = await media.PatchAsync(id, fragment, IceSessionOf(context.Request), context.RequestAborted).ConfigureAwait(false);
        if (answer.Outcome != MediaOutcome.Accepted)
        {
            await RefuseAsync(context, answer).ConfigureAwait(false);
        }
        else if (answer.Sdp.Length == 0)
        {
            // Candidates alone need no condition: a lite agent has no use of them.
            await NoContentAsync(context).ConfigureAwait(false);
        }
        else
        {
            context.Response.Headers.ETag = Quoted(answer.IceSession);
            await WriteSdpAsync(context, FragmentType, answer.Sdp).ConfigureAwait(false);
        }
    }

    /// <summary>An entity tag (RFC 9110 section 8.8.3), strong: it names one ICE session (RFC 9725 section 4.3).</summary>
    private static string Quoted(string iceSession) => $"\"{iceSession}\"";

    /// <summary>What If-Match says; null without one.</summary>
    private static string? IceSessionOf(HttpRequest request)
    {
        string condition = request.Headers.IfMatch.ToString().Trim();
        return condition.Length == 0 ? null : condition is ['"', .., '"'] ? condition[1..^1] : condition;
    }

    private async Task DeleteAsync(HttpContext context, string id)
    {
        if (await media.CloseAsync(id).ConfigureAwait(false))
            context.Response.StatusCode = StatusCodes.Status200OK;
        else
            await ErrorResponse.WriteAsync(context, StatusCodes.Status404NotFound, "This session has ended already.").ConfigureAwait(false);
    }

    private static Task RefuseAsync(HttpContext context, MediaAnswer answer)
    {
        (int status, string title) = answer.Outcome switch
        {
            MediaOutcome.NotFound => (StatusCodes.Status404NotFound, answer.Sdp),
            MediaOutcome.NotAcceptable => (StatusCodes.Status406NotAcceptable, answer.Sdp),
            MediaOutcome.Stale => (StatusCodes.Status412PreconditionFailed, answer.Sdp),
            MediaOutcome.ConditionMissing => (StatusCodes.Status428PreconditionRequired, answer.Sdp),
            MediaOutcome.Full => (StatusCodes.Status503ServiceUnavailable, answer.Sdp),
            _ => (StatusCodes.Status400BadRequest, answer.Sdp),
        };
        if (status == StatusCodes.Status503ServiceUnavailable)
            context.Response.Headers.RetryAfter = "5";
        return ErrorResponse.WriteAsync(context, status, title);
    }

    /// <summary>The body as text; null when the request has been refused already.</summary>
    private static async Task<string?> ReadBodyAsync(HttpContext context, string type)
    {
        string given = context.Request.ContentType?.Split(';')[0].Trim() ?? "";
        if (!given.Equals(type, StringComparison.OrdinalIgnoreCase))
        {
            await ErrorResponse.WriteAsync(context, StatusCodes.Status415UnsupportedMediaType, $"The body has to be {type}.").ConfigureAwait(false);
            return null;
        }

        byte[] buffer = new byte[MaxBodyBytes + 1];
        int length = await context.Request.Body.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false, context.RequestAborted).ConfigureAwait(false);
        if (length > MaxBodyBytes)
        {
            await ErrorResponse.WriteAsync(context, StatusCodes.Status413PayloadTooLarge, "The body is larger than any session description.").ConfigureAwait(false);
            return null;
        }

        return Encoding.UTF8.GetString(buffer, 0, length);
    }

    private static Task WriteSdpAsync(HttpContext context, string type, string sdp)
    {
        byte[] body = Encoding.UTF8.GetBytes(sdp);
        context.Response.ContentType = type;
        context.Response.ContentLength = body.Length;
        return context.Response.Body.WriteAsync(body, context.RequestAborted).AsTask();
    }

    private static Task NoContentAsync(HttpContext context)
    {
        context.Response.StatusCode = StatusCodes.Status204NoContent;
        return Task.CompletedTask;
    }

    private static Task MethodNotAllowedAsync(HttpContext context, string allowed)
    {
        context.Response.Headers.Allow = allowed;
        return ErrorResponse.WriteAsync(context, StatusCodes.Status405MethodNotAllowed, $"This address takes {allowed}.");
    }
}
