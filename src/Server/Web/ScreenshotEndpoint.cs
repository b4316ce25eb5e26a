using QemuZeroCopy.Pipeline.Display.Qmp;
using QemuZeroCopy.Server.Vm;

namespace QemuZeroCopy.Server.Web;

/// <summary>GET /screenshot?session=ID: the first screen as a PNG, for who drives the machine.</summary>
internal sealed class ScreenshotEndpoint(Machine machine, SessionRegistry sessions)
{
    public const string Path = "/screenshot";

    /// <summary>One at a time: each holds a whole picture.</summary>
    private int _isBusy;

    public async Task InvokeAsync(HttpContext context)
    {
        if (!HttpMethods.IsGet(context.Request.Method))
        {
            context.Response.Headers.Allow = "GET";
            await ErrorResponse.WriteAsync(context, StatusCodes.Status405MethodNotAllowed, "This address takes GET.").ConfigureAwait(false);
        }
        else if (sessions.Find(context.Request.Query["session"].ToString()) is not { Allowed: true })
            await ErrorResponse.WriteAsync(context, StatusCodes.Status403Forbidden, "Screenshots are for who drives the machine.").ConfigureAwait(false);
        else if (machine.Control.Qmp is not { } qmp)
            await ErrorResponse.WriteAsync(context, StatusCodes.Status409Conflict, "QEMU's own screenshots need QMP (--qmp).").ConfigureAwait(false);
        else
            await TakeAsync(context, qmp).ConfigureAwait(false);
    }

    private async Task TakeAsync(HttpContext context, QmpClient qmp)
    {
        if (Interlocked.Exchange(ref _isBusy, 1) != 0)
        {
            await ErrorResponse.WriteAsync(context, StatusCodes.Status429TooManyRequests, "A screenshot is being taken already.").ConfigureAwait(false);
            return;
        }

        try
        {
            byte[] png = await Screenshot.TakeAsync(qmp, context.RequestAborted).ConfigureAwait(false);
            context.Response.ContentType = "image/png";
            context.Response.ContentLength = png.Length;
            await context.Response.Body.WriteAsync(png, context.RequestAborted).ConfigureAwait(false);
        }
        catch (QmpException e)
        {
            await ErrorResponse.WriteAsync(context, StatusCodes.Status409Conflict, $"QEMU took no screenshot: {e.Message}").ConfigureAwait(false);
        }
        finally
        {
            Volatile.Write(ref _isBusy, 0);
        }
    }
}
