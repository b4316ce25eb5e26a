using QemuZeroCopy.Interop.Linux;
using QemuZeroCopy.Pipeline.Convert.Gpu;
using QemuZeroCopy.Pipeline.Frames;

namespace QemuZeroCopy.Pipeline.Convert.Cpu;

/// <summary>
/// Reads DMA-BUFs with the CPU, by mmap: for a guest with gl=on where no GPU driver can import its buffers. Linear
/// ones only; how a tiled one lies in memory is known to its driver alone. On a discrete card such reads are slow.
/// </summary>
public sealed class MappedConverter : IFrameConverter
{
    private const int WritersTimeoutMs = 100;

    private readonly CpuConverter _cpu = new();
    private readonly ImportCache<MemoryMapping> _mappings = new();
    private DmaBufScanout? _scanout;
    private View? _view;

    /// <inheritdoc/>
    public string Name => $"{_cpu.Name}, mapped";

    /// <inheritdoc/>
    public long CpuReadBytes => _cpu.CpuReadBytes;

    /// <inheritdoc/>
    public long LastImportNs { get; private set; }

    /// <inheritdoc/>
    public long ImportsDone { get; private set; }

    /// <summary>Whether the CPU knows how the pixels lie in memory.</summary>
    public static bool Reads(Scanout scanout) => scanout is DmaBufScanout { Modifier: 0, Planes.Length: 1 };

    /// <inheritdoc/>
    public ConvertOutcome Convert(Scanout scanout, TileMap damage, PictureTarget target, TileMap changed)
    {
        ArgumentNullException.ThrowIfNull(changed);
        changed.Clear();
        if (!Reads(scanout))
            return ConvertOutcome.Unsupported;
        var dmaBuf = (DmaBufScanout)scanout;
        long startNs = MonotonicClock.NowNs;
        ConvertOutcome outcome = Find(dmaBuf, out MemoryMapping? mapping);
        LastImportNs = MonotonicClock.NowNs - startNs;
        if (outcome != ConvertOutcome.Converted)
            return outcome;
        if (!ReferenceEquals(_scanout, dmaBuf) || !ReferenceEquals(_view!.Mapping, mapping))
            (_scanout, _view) = (dmaBuf, View.Of(dmaBuf, mapping!));

        // A producer that hangs costs one late picture; the damage that follows heals it.
        _ = DmaBuf.WaitForWriters(dmaBuf.Planes[0].Fd, WritersTimeoutMs);
        DmaBuf.BeginCpuRead(dmaBuf.Planes[0].Fd);
        outcome = _cpu.Convert(_view, damage, target, changed);
        DmaBuf.EndCpuRead(dmaBuf.Planes[0].Fd);
        return mapping!.IsTorn ? ConvertOutcome.BadScanout : outcome;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _mappings.Dispose();
        _cpu.Dispose();
    }

    private ConvertOutcome Find(DmaBufScanout scanout, out MemoryMapping? mapping)
    {
        mapping = null;
        if (!ScanoutBounds.IsPlausible(scanout))
            return ConvertOutcome.BadScanout;
        ImportKey key = ImportKey.Of(scanout);
        mapping = _mappings.Find(key);
        if (mapping is not null)
            return ConvertOutcome.Converted;
        if (!ScanoutBounds.FitMemory(scanout))
            return ConvertOutcome.BadScanout;
        mapping = MemoryMapping.TryMap(scanout.Planes[0].Fd, DmaBuf.SizeOf(scanout.Planes[0].Fd));
        if (mapping is null)
            return ConvertOutcome.Unsupported;
        ImportsDone++;
        _mappings.Add(key, mapping);
        return ConvertOutcome.Converted;
    }

    /// <summary>The visible part of a mapped buffer, the right way up.</summary>
    private sealed class View : CpuScanout
    {
        private View(DmaBufScanout scanout, MemoryMapping mapping, int stride, nint pixels)
            : base(scanout.Size, scanout.Format, stride) => (Mapping, Pixels) = (mapping, pixels);

        public MemoryMapping Mapping { get; }

        public override nint Pixels { get; }

        public static View Of(DmaBufScanout scanout, MemoryMapping mapping)
        {
            DmaBufPlane plane = scanout.Planes[0];
            long top = scanout.Y + (scanout.IsBottomUp ? scanout.Size.Height - 1 : 0);
            long start = plane.OffsetBytes + top * plane.StrideBytes + (long)scanout.X * PixelFormats.BytesPerPixel(scanout.Format);
            int stride = checked((int)plane.StrideBytes);
            return new View(scanout, mapping, scanout.IsBottomUp ? -stride : stride, mapping.Address + (nint)start);
        }

        protected override void Free()
        {
        }
    }
}
