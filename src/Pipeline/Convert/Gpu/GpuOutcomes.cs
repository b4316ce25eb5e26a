using QemuZeroCopy.Interop.Gpu;

namespace QemuZeroCopy.Pipeline.Convert.Gpu;

/// <summary>What a failed import of a scanout means to the pipeline.</summary>
internal static class GpuOutcomes
{
    public static ConvertOutcome ToConvertOutcome(GpuOutcome outcome) => outcome switch
    {
        GpuOutcome.Ok => ConvertOutcome.Converted,
        GpuOutcome.BadMemory => ConvertOutcome.BadScanout,
        GpuOutcome.DeviceLost => ConvertOutcome.DeviceLost,
        _ => ConvertOutcome.Unsupported,
    };
}
