using QemuZeroCopy.Pipeline.Encode;
using QemuZeroCopy.Pipeline.Frames;

namespace QemuZeroCopy.Server.Vm;

/// <summary>Passes what a console's encode thread has to say on to the log.</summary>
internal sealed class PipelineLog(ILogger log, string console) : IPipelineObserver
{
    public void PathChosen(PictureSize size, string converter, string encoder) => VmLog.PathChosen(log, console, size, converter, encoder);

    public void PathRefused(string path, string reason) => VmLog.PathRefused(log, console, path, reason);

    public void NoPathLeft(Scanout scanout) => VmLog.NoPathLeft(log, console, scanout);

    public void BadScanout(PictureSize size, string converter) => VmLog.BadScanout(log, console, size);

    public void Faulted(Exception exception) => VmLog.Faulted(log, console, exception);
}
