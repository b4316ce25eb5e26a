using QemuZeroCopy.Pipeline.Frames;

namespace QemuZeroCopy.Pipeline.Encode;

/// <summary>
/// Told what a person who runs the server wants to read in a log. Called on the encode thread, never per
/// frame; must not block or throw.
/// </summary>
public interface IPipelineObserver
{
    /// <summary>Pictures go this way from now on, for example "cpu-avx512" and "x264 ultrafast".</summary>
    void PathChosen(PictureSize size, string converter, string encoder);

    /// <summary>A better path was tried and cannot be used; <paramref name="reason"/> says why and what to do.</summary>
    void PathRefused(string path, string reason);

    /// <summary>No path is left for this scanout or format: the console shows nothing until it changes.</summary>
    void NoPathLeft(Scanout scanout);

    /// <summary>QEMU handed over a scanout that is not what it claims to be; the last picture stays.</summary>
    void BadScanout(PictureSize size, string converter);

    /// <summary>The encode thread ended by an error that no path could absorb.</summary>
    void Faulted(Exception exception);
}
