using System.Diagnostics;
using System.Runtime.InteropServices;
using QemuZeroCopy.Interop.Gpu;
using QemuZeroCopy.Interop.Linux;
using QemuZeroCopy.Interop.Vulkan;
using QemuZeroCopy.Pipeline.Convert.Gpu;
using QemuZeroCopy.Pipeline.Frames;

namespace QemuZeroCopy.Pipeline.Convert.Vulkan;

/// <summary>
/// Converts on a Vulkan device: the scanout is imported (once per buffer), one work group runs for each damaged
/// tile, and the NV12 is written straight into the encoder's memory. A frame that is known allocates nothing.
/// </summary>
public sealed class VulkanConverter : IGpuConverter
{
    private const int SubmitTimeoutMs = 2000;
    private const int FirstRunTimeoutMs = 60_000; // drivers compile when a kernel first runs, software ones for seconds
    private const int WritersTimeoutMs = 100;
    private const int SourceBinding = 0, LumaBinding = 1, ChromaBinding = 2, TilesBinding = 3, HashesBinding = 4, ChangedBinding = 5;
    private const int HashBytesPerTile = 16 * 8;

    private readonly VulkanDevice _device;
    private readonly VulkanSources _sources;
    private readonly VulkanTargets _targets;
    private readonly ComputeCommands _commands;
    private readonly ComputeKernel?[] _kernels = new ComputeKernel?[4];
    private readonly HashSet<ComputeKernel> _warmed = [];
    private VulkanBuffer? _tiles;
    private VulkanBuffer? _hashes;
    private VulkanBuffer? _changed;
    private PictureSize _size;
    private bool _forgotten = true;

    /// <summary>Takes ownership of the device.</summary>
    /// <exception cref="GpuSetupException">The device refuses the shaders.</exception>
    public VulkanConverter(VulkanDevice device)
        : this(device, preferImages: false)
    {
    }

    /// <summary>With <paramref name="preferImages"/> linear memory goes the way of tiled memory: how that way is tested without a GPU that tiles.</summary>
    internal VulkanConverter(VulkanDevice device, bool preferImages)
    {
        _device = device;
        _sources = new VulkanSources(device, preferImages);
        _targets = new VulkanTargets(device, preferImages);
        _commands = new ComputeCommands(device);
        Name = $"vulkan: {device.Physical.Name}";
        try
        {
            WarmUp();
        }
        catch (GpuSetupException)
        {
            Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public string Name { get; }

    /// <inheritdoc/>
    public bool MovesBetweenThreads => true;

    /// <inheritdoc/>
    public long LastGpuNs => _commands.LastGpuNs;

    /// <inheritdoc/>
    public long LastImportNs { get; private set; }

    /// <inheritdoc/>
    public long ImportsDone => _sources.ImportsDone;

    /// <inheritdoc/>
    public int LiveImports => _device.ImportCount;

    /// <inheritdoc/>
    public long CpuCopiedBytes { get; private set; }

    /// <inheritdoc/>
    public ConvertOutcome Convert(Scanout scanout, TileMap damage, PictureTarget target, TileMap changed)
    {
        changed.Clear();
        if (scanout.Size != target.Size || TileWork.CountFor(scanout.Size) > TileWork.MaxTiles)
            return ConvertOutcome.Unsupported;
        long start = Stopwatch.GetTimestamp();
        ConvertOutcome outcome = _sources.Get(scanout, out VulkanSource source);
        LastImportNs = (long)Stopwatch.GetElapsedTime(start).TotalNanoseconds;
        if (outcome != ConvertOutcome.Converted)
            return outcome;
        outcome = _targets.Get(target, out VulkanTarget? import, out bool isNew);
        if (outcome != ConvertOutcome.Converted)
            return outcome;
        if (_size != scanout.Size)
            Resize(scanout.Size);
        if (isNew || _forgotten)
            target.Stale.Fill();

        int count = TileWork.List(damage, target.Stale, Shared(_tiles!));
        if (count > 0)
        {
            outcome = Run(scanout, source, import!, damage.Columns, count);
            if (outcome != ConvertOutcome.Converted)
                return outcome;
            TileWork.Report(Shared(_tiles!)[..count], Shared(_changed!)[..count], damage.Columns, changed);
            if (import!.IsStaged)
                CpuCopiedBytes += StagedTiles.CopyTo((HostPicture)target, import.LumaBuffer!.Mapped, Shared(_tiles!)[..count], damage.Columns);
        }

        target.Stale.Clear();
        _forgotten = false;
        return ConvertOutcome.Converted;
    }

    /// <inheritdoc/>
    public void ForgetPrevious() => _forgotten = true;

    /// <summary>Waits for the device and frees everything, the device too.</summary>
    public void Dispose()
    {
        _commands.Dispose();
        _sources.Dispose();
        _targets.Dispose();
        foreach (ComputeKernel? kernel in _kernels)
            kernel?.Dispose();
        _tiles?.Dispose();
        _hashes?.Dispose();
        _changed?.Dispose();
        _device.Dispose();
    }

    private ConvertOutcome Run(Scanout scanout, in VulkanSource source, VulkanTarget target, int columns, int count)
    {
        ComputeKernel kernel = Kernel(source.Image is not null, target.LumaImage is not null);
        if (target.LumaImage is not null)
            BindAll(kernel, source, target.LumaImage, target.ChromaImage!);
        else
            BindAll(kernel, source, target.LumaBuffer!, target.ChromaBuffer!);
        _commands.Begin();
        if (scanout is DmaBufScanout dmaBuf)
            WaitForProducer(dmaBuf);
        Exchange(source, target, acquire: true);
        Nv12Parameters parameters = Parameters(scanout, source, target.Planes, columns);
        _commands.Dispatch(kernel, MemoryMarshal.AsBytes(new ReadOnlySpan<Nv12Parameters>(in parameters)), count);
        Exchange(source, target, acquire: false);
        bool isFirst = _warmed.Add(kernel);
        return GpuOutcomes.ToConvertOutcome(_commands.SubmitAndWait(isFirst ? FirstRunTimeoutMs : SubmitTimeoutMs));
    }

    /// <summary>Compiles and runs the route of linear buffers once, on memory of its own, rather than in the first frame.</summary>
    private void WarmUp()
    {
        const int Side = DamageRegion.TileSize;
        Resize(new PictureSize(Side, Side));
        ComputeKernel kernel = Kernel(sourceImage: false, targetImage: false);
        using VulkanBuffer scratch = VulkanBuffer.AllocateLocal(_device, Side * Side * 4);
        TargetPlanes planes = TargetPlanes.For(_size);
        BindAll(kernel, new VulkanSource(scratch, null, 0, Side * 4), scratch, scratch);
        Shared(_tiles!)[0] = 0;
        var parameters = new Nv12Parameters
        {
            Width = Side,
            Height = Side,
            PaddedWidth = planes.PaddedWidth,
            PaddedHeight = planes.PaddedHeight,
            SourceStrideBytes = Side * 4,
            Layout = PixelLayout.Of(PixelFormat.Xrgb8888)!.Value,
            LumaStrideWords = planes.LumaStrideWords,
            ChromaOffsetWords = planes.ChromaOffsetWords,
            ChromaStrideWords = planes.ChromaStrideWords,
            TileColumns = 1,
        };
        _commands.Begin();
        _commands.Dispatch(kernel, MemoryMarshal.AsBytes(new ReadOnlySpan<Nv12Parameters>(in parameters)), 1);
        if (_commands.SubmitAndWait(FirstRunTimeoutMs) != GpuOutcome.Ok)
            throw new GpuSetupException($"{_device.Physical.Name} did not run a first shader within {FirstRunTimeoutMs / 1000} s; use --gpu gl or --gpu none.");
        _warmed.Add(kernel);
    }

    private Nv12Parameters Parameters(Scanout scanout, in VulkanSource source, TargetPlanes planes, int columns) => new()
    {
        Width = (uint)scanout.Size.Width,
        Height = (uint)scanout.Size.Height,
        PaddedWidth = planes.PaddedWidth,
        PaddedHeight = planes.PaddedHeight,
        SourceX = (uint)((scanout as DmaBufScanout)?.X ?? 0),
        SourceY = (uint)((scanout as DmaBufScanout)?.Y ?? 0),
        SourceOffsetBytes = source.OffsetBytes,
        SourceStrideBytes = source.StrideBytes,
        BottomUp = scanout is DmaBufScanout { IsBottomUp: true } ? 1u : 0u,
        Layout = PixelLayout.Of(scanout.Format)!.Value,
        LumaOffsetWords = planes.LumaOffsetWords,
        LumaStrideWords = planes.LumaStrideWords,
        ChromaOffsetWords = planes.ChromaOffsetWords,
        ChromaStrideWords = planes.ChromaStrideWords,
        TileColumns = (uint)columns,
        ForceChanged = _forgotten ? 1u : 0u,
    };

    /// <summary>QEMU flushes but does not finish before it tells: the implicit fence is waited for on the GPU, else here.</summary>
    private void WaitForProducer(DmaBufScanout scanout)
    {
        int fence = _device.Physical.ImportsSyncFiles ? DmaBuf.ExportReadFence(scanout.Planes[0].Fd) : -1;
        if (fence >= 0 && _commands.TryWaitFor(fence))
            return;
        if (fence >= 0)
            DmaBuf.Close(fence);

        // A producer that hangs costs one late picture; the damage that follows heals it.
        _ = DmaBuf.WaitForWriters(scanout.Planes[0].Fd, WritersTimeoutMs);
    }

    private void BindAll(ComputeKernel kernel, in VulkanSource source, VulkanBuffer luma, VulkanBuffer chroma)
    {
        BindCommon(kernel, source);
        kernel.Bind(LumaBinding, luma);
        kernel.Bind(ChromaBinding, chroma);
    }

    private void BindAll(ComputeKernel kernel, in VulkanSource source, VulkanImage luma, VulkanImage chroma)
    {
        BindCommon(kernel, source);
        kernel.Bind(LumaBinding, luma);
        kernel.Bind(ChromaBinding, chroma);
    }

    private void BindCommon(ComputeKernel kernel, in VulkanSource source)
    {
        if (source.Image is not null)
            kernel.Bind(SourceBinding, source.Image);
        else
            kernel.Bind(SourceBinding, source.Buffer!);
        kernel.Bind(TilesBinding, _tiles!);
        kernel.Bind(HashesBinding, _hashes!);
        kernel.Bind(ChangedBinding, _changed!);
    }

    private void Exchange(in VulkanSource source, VulkanTarget target, bool acquire)
    {
        Exchange(source.Buffer, source.Image, forWriting: false, acquire);
        Exchange(target.LumaBuffer, target.LumaImage, forWriting: true, acquire);
        if (!ReferenceEquals(target.LumaBuffer, target.ChromaBuffer) || target.ChromaImage is not null)
            Exchange(target.ChromaBuffer, target.ChromaImage, forWriting: true, acquire);
    }

    private void Exchange(VulkanBuffer? buffer, VulkanImage? image, bool forWriting, bool acquire)
    {
        if (buffer is not null && acquire)
            _commands.Acquire(buffer, forWriting);
        else if (buffer is not null)
            _commands.Release(buffer, forWriting);
        else if (image is not null && acquire)
            _commands.Acquire(image, forWriting);
        else if (image is not null)
            _commands.Release(image, forWriting);
    }

    private ComputeKernel Kernel(bool sourceImage, bool targetImage)
    {
        ref ComputeKernel? kernel = ref _kernels[(sourceImage ? 2 : 0) + (targetImage ? 1 : 0)];
        KernelBinding plane = targetImage ? KernelBinding.StorageImage : KernelBinding.Buffer;
        return kernel ??= new ComputeKernel(
            _device, Shaders.Spirv(sourceImage, targetImage),
            [sourceImage ? KernelBinding.SampledImage : KernelBinding.Buffer, plane, plane, KernelBinding.Buffer, KernelBinding.Buffer, KernelBinding.Buffer],
            Nv12Parameters.SizeBytes);
    }

    private void Resize(PictureSize size)
    {
        ulong tiles = (ulong)TileWork.CountFor(size);
        if (_hashes is null || _hashes.Size < tiles * HashBytesPerTile)
        {
            _tiles?.Dispose();
            _hashes?.Dispose();
            _changed?.Dispose();
            _tiles = VulkanBuffer.AllocateShared(_device, tiles * sizeof(uint));
            _changed = VulkanBuffer.AllocateShared(_device, tiles * sizeof(uint));
            _hashes = VulkanBuffer.AllocateLocal(_device, tiles * HashBytesPerTile);
        }

        _size = size;
        _forgotten = true;
    }

    private static unsafe Span<uint> Shared(VulkanBuffer buffer) => new((void*)buffer.Mapped, (int)(buffer.Size / sizeof(uint)));
}
