using System.Text.Unicode;
using Microsoft.AspNetCore.Http.Features;
using QemuZeroCopy.Pipeline.Display.Clipboard;
using QemuZeroCopy.Server.Clipboard;
using QemuZeroCopy.Server.Input;

namespace QemuZeroCopy.Server.Web;

/// <summary>
/// Clipboards over plain HTTP, /clipboard?session=ID: PUT brings the person's to the guest, GET takes the guest's. A
/// connection of their own keeps 16 MiB out of input's way (docs/decisions); the session's WebSocket only tells that
/// there is something to take.
/// </summary>
internal sealed class ClipboardEndpoint(SessionRegistry sessions)
{
    public const string Path = "/clipboard";

    private static ReadOnlySpan<byte> PngSignature => [0x89, (byte)'P', (byte)'N', (byte)'G', 0x0d, 0x0a, 0x1a, 0x0a];

    public Task InvokeAsync(HttpContext context)
    {
        bool isPut = HttpMethods.IsPut(context.Request.Method);
        if (!isPut && !HttpMethods.IsGet(context.Request.Method))
        {
            context.Response.Headers.Allow = "GET, PUT";
            return ErrorResponse.WriteAsync(context, StatusCodes.Status405MethodNotAllowed, "This address takes GET, PUT.");
        }

        if (sessions.Find(context.Request.Query["session"].ToString()) is not { Clipboard: { } clipboard } viewer)
            return ErrorResponse.WriteAsync(context, StatusCodes.Status404NotFound, "There is no such session.");
        if (!viewer.Allowed)
            return WatchesAsync(context);
        return isPut ? PutAsync(context, viewer, clipboard) : GetAsync(context, clipboard);
    }

    private static Task GetAsync(HttpContext context, ViewerClipboard clipboard)
    {
        if (clipboard.Copied is not { } copied)
            return ErrorResponse.WriteAsync(context, StatusCodes.Status404NotFound, "Nothing has been copied in the guest yet.");
        if (copied.Content is not { } content)
            return ErrorResponse.WriteAsync(context, StatusCodes.Status409Conflict, copied.Problem);
        context.Response.ContentType = content.MimeType;
        context.Response.ContentLength = content.Data.Length;
        // What a guest has copied is never shown as a page of ours.
        context.Response.Headers.ContentDisposition = "attachment";
        return context.Response.Body.WriteAsync(content.Data, context.RequestAborted).AsTask();
    }

    private static async Task PutAsync(HttpContext context, ViewerInput viewer, ViewerClipboard clipboard)
    {
        if (ClipboardFormats.Find(context.Request.ContentType ?? "") is not { } format)
        {
            await ErrorResponse.WriteAsync(context, StatusCodes.Status415UnsupportedMediaType, "A clipboard takes text/plain;charset=utf-8 or image/png.").ConfigureAwait(false);
            return;
        }

        if (!clipboard.TryEnter())
        {
            await ErrorResponse.WriteAsync(context, StatusCodes.Status429TooManyRequests, "A clipboard of this page is under way already.").ConfigureAwait(false);
            return;
        }

        try
        {
            if (await ReadBodyAsync(context).ConfigureAwait(false) is not { } body)
                await ErrorResponse.WriteAsync(context, StatusCodes.Status413PayloadTooLarge, $"Your clipboard holds more than {ClipboardFormats.MaxBytes >> 20} MiB, which is the most that is passed on.").ConfigureAwait(false);
            else if (!IsSound(body, format))
                await ErrorResponse.WriteAsync(context, StatusCodes.Status400BadRequest, $"These bytes are no {format}.").ConfigureAwait(false);
            // It may have lost control while it was sending.
            else if (!viewer.Allowed)
                await WatchesAsync(context).ConfigureAwait(false);
            else if (clipboard.Offer(new ClipboardContent(format, body)) is { } problem)
                await ErrorResponse.WriteAsync(context, StatusCodes.Status409Conflict, problem).ConfigureAwait(false);
            else
                context.Response.StatusCode = StatusCodes.Status204NoContent;
        }
        finally
        {
            clipboard.Leave();
        }
    }

    private static bool IsSound(byte[] body, string format) =>
        body.Length > 0 && (format == ClipboardFormats.Text ? Utf8.IsValid(body) : body.AsSpan().StartsWith(PngSignature));

    private static Task WatchesAsync(HttpContext context) =>
        ErrorResponse.WriteAsync(context, StatusCodes.Status403Forbidden, "This viewer only watches: the clipboard is for who drives the machine.");

    /// <summary>
    /// The whole body; null where it is larger than a clipboard may be. Somewhat larger ones are read to their end and
    /// dropped: a browser that is still sending would never see the answer (RFC 9293 section 3.6.1).
    /// </summary>
    private static async Task<byte[]?> ReadBodyAsync(HttpContext context)
    {
        const int readAtMost = 4 * ClipboardFormats.MaxBytes;
        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } limit)
            limit.MaxRequestBodySize = null;
        // Grows with what arrives, not with what was announced.
        using var body = new MemoryStream();
        byte[] block = new byte[64 * 1024];
        int total = 0;
        for (int n; total <= readAtMost && (n = await context.Request.Body.ReadAsync(block, context.RequestAborted).ConfigureAwait(false)) > 0;)
        {
            total += n;
            if (total <= ClipboardFormats.MaxBytes)
                body.Write(block, 0, n);
        }

        return total <= ClipboardFormats.MaxBytes ? body.ToArray() : null;
    }
}
