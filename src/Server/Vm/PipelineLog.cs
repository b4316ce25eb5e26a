using QemuZeroCopy.Pipeline.Encode;
using QemuZeroCopy.Pipeline.Frames;

namespace QemuZeroCopy.Server.Vm;

/// <summary>Passes what a console's encode thread has to say on to the log, and to the pages where it leaves them without a picture.</summary>
internal sealed class PipelineLog(ILogger log, string console, GuestConsole guest) : IPipelineObserver
{
    public void PathChosen(PictureSize size, string converter, string encoder)
    {
        VmLog.PathChosen(log, console, size, converter, encoder);
        Tell("");
    }

    public void PathRefused(string path, string reason) => VmLog.PathRefused(log, console, path, reason);

    public void NoPathLeft(Scanout scanout)
    {
        VmLog.NoPathLeft(log, console, scanout);
        Tell($"No encoder of the server takes a picture of {scanout.Size}. 'qzc doctor' says what is missing there.");
    }

    public void BadScanout(PictureSize size, string converter) => VmLog.BadScanout(log, console, size);

    public void Faulted(Exception exception)
    {
        VmLog.Faulted(log, console, exception);
        Tell("The server's encoder has stopped by a fault, which its log tells. Start qzc anew.");
    }

    private void Tell(string problem) => guest.Update(state => state with { Problem = problem });
}
