using System.Diagnostics;
using QemuZeroCopy.Bench.Report;
using QemuZeroCopy.Pipeline.Convert;
using QemuZeroCopy.Pipeline.Convert.Gpu;
using QemuZeroCopy.Pipeline.Frames;

namespace QemuZeroCopy.Bench.Gpu;

/// <summary>What whole pictures take: the GPU by its own timestamps, all else that the caller waits for, and the import.</summary>
internal sealed record ConversionTimes(double FirstImportUs, Samples GpuMs, Samples RestMs, Samples ImportUs)
{
    /// <summary>Converts into a host picture, once to warm up. Null where the converter does not read such a scanout, which is released.</summary>
    public static ConversionTimes? Measure(IGpuConverter converter, Scanout scanout, int frames)
    {
        using var target = new HostPicture(scanout.Size);
        TileMap damage = DamageRegion.Create(scanout.Size), changed = new(scanout.Size, PictureTarget.MacroblockSize);
        damage.Fill();
        try
        {
            if (converter.Convert(scanout, damage, target, changed) != ConvertOutcome.Converted)
                return null;
            var times = new ConversionTimes(converter.LastImportNs / 1e3, new Samples(), new Samples(), new Samples());
            for (int i = 0; i < frames; i++)
            {
                long start = Stopwatch.GetTimestamp();
                converter.Convert(scanout, damage, target, changed);
                double wallMs = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
                times.GpuMs.Add(converter.LastGpuNs / 1e6);
                times.RestMs.Add(wallMs - converter.LastGpuNs / 1e6);
                times.ImportUs.Add(converter.LastImportNs / 1e3);
            }

            return times;
        }
        finally
        {
            scanout.Release();
        }
    }
}
