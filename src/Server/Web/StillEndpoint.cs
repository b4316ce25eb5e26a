using QemuZeroCopy.Server.Vm;

namespace QemuZeroCopy.Server.Web;

/// <summary>GET /still?console=N: a screen as a JPEG, which the page shows until its video runs; 204 where there is none.</summary>
internal static class StillEndpoint
{
    public const string Path = "/still";

    public static async Task InvokeAsync(HttpContext context, GuestConsole console)
    {
        if (!HttpMethods.IsGet(context.Request.Method))
        {
            context.Response.Headers.Allow = "GET";
            await ErrorResponse.WriteAsync(context, StatusCodes.Status405MethodNotAllowed, "This address takes GET.").ConfigureAwait(false);
            return;
        }

        byte[]? jpeg = console.Display is { } display ? await console.Stills.TakeAsync(display.Frames).ConfigureAwait(false) : null;
        if (jpeg is null)
        {
            context.Response.StatusCode = StatusCodes.Status204NoContent;
            return;
        }

        context.Response.ContentType = "image/jpeg";
        context.Response.ContentLength = jpeg.Length;
        await context.Response.Body.WriteAsync(jpeg, context.RequestAborted).ConfigureAwait(false);
    }
}
