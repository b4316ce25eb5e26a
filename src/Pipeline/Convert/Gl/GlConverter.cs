using System.Diagnostics;
using System.Runtime.InteropServices;
using QemuZeroCopy.Interop.Gl;
using QemuZeroCopy.Interop.Gpu;
using QemuZeroCopy.Interop.Linux;
using QemuZeroCopy.Pipeline.Convert.Gpu;
using QemuZeroCopy.Pipeline.Frames;

namespace QemuZeroCopy.Pipeline.Convert.Gl;

/// <summary>
/// Converts with a GLES 3.1 compute shader, for drivers whose Vulkan lacks what is needed. Reads DMA-BUFs without a
/// copy; writes an encoder's surfaces in place, and a host picture through a mapped buffer, of which the CPU copies the
/// converted tiles. Belongs to the thread that made it.
/// </summary>
public sealed class GlConverter : IGpuConverter
{
    private const int SubmitTimeoutMs = 2000;
    private const int FirstRunTimeoutMs = 60_000; // drivers compile when a program first runs, software ones for seconds
    private const int WritersTimeoutMs = 100;
    private const int HashBytesPerTile = 16 * 8;
    private const int TilesBinding = 0, HashesBinding = 1, ChangedBinding = 2, PictureBinding = 3;

    private readonly GlesDevice _device;
    private readonly GlSources _sources;
    private readonly TargetCache<GlTarget> _targets = new();
    private readonly GlesProgram _texture;
    private GlesProgram? _external;
    private GlesProgram? _plane;
    private readonly HashSet<GlesProgram> _warmed = [];
    private readonly GlesBuffer _parameters;
    private GlesBuffer? _tiles;
    private GlesBuffer? _hashes;
    private GlesBuffer? _changed;
    private PictureSize _size;
    private bool _forgotten = true;

    /// <summary>Takes ownership of the device, whose context must be current on the calling thread.</summary>
    /// <exception cref="GpuSetupException">The device refuses the shader.</exception>
    public GlConverter(GlesDevice device)
    {
        _device = device;
        _sources = new GlSources(device);
        Name = $"gl: {device.Renderer}";
        try
        {
            _parameters = new GlesBuffer(device, Nv12Parameters.SizeBytes + 8); // a std140 block is whole vec4s
            _texture = new GlesProgram(device, Source(external: false));
        }
        catch (GpuSetupException)
        {
            device.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public string Name { get; }

    /// <inheritdoc/>
    public long LastGpuNs => _device.LastGpuNs;

    /// <inheritdoc/>
    public long LastImportNs { get; private set; }

    /// <inheritdoc/>
    public long ImportsDone => _sources.ImportsDone;

    /// <inheritdoc/>
    public int LiveImports => _device.Egl.ImportCount;

    /// <inheritdoc/>
    public long CpuCopiedBytes { get; private set; }

    /// <inheritdoc/>
    public ConvertOutcome Convert(Scanout scanout, TileMap damage, PictureTarget target, TileMap changed)
    {
        changed.Clear();
        if (scanout.Size != target.Size || TileWork.CountFor(scanout.Size) > TileWork.MaxTiles)
            return ConvertOutcome.Unsupported;
        long start = Stopwatch.GetTimestamp();
        ConvertOutcome outcome = _sources.Get(scanout, out GlesImage? source);
        LastImportNs = (long)Stopwatch.GetElapsedTime(start).TotalNanoseconds;
        if (outcome != ConvertOutcome.Converted)
            return outcome;
        if (_size != scanout.Size)
            Resize(scanout.Size);
        GlTarget? import = _targets.Find(target);
        if (import is null)
        {
            if (GlTarget.Import(_device, target, out import) != GpuOutcome.Ok)
                return ConvertOutcome.Unsupported;
            _targets.Add(target, import!);
            target.Stale.Fill();
        }

        if (_forgotten)
            target.Stale.Fill();
        int count = TileWork.List(damage, target.Stale, Words(_tiles!));
        if (count > 0)
        {
            outcome = Run((DmaBufScanout)scanout, source!, import!, damage.Columns, count);
            if (outcome != ConvertOutcome.Converted)
                return outcome;
            TileWork.Report(Words(_tiles!)[..count], Words(_changed!)[..count], damage.Columns, changed);
            if (target is HostPicture host)
                CpuCopiedBytes += StagedTiles.CopyTo(host, import!.Buffer.Mapped, Words(_tiles!)[..count], damage.Columns);
        }

        target.Stale.Clear();
        _forgotten = false;
        return ConvertOutcome.Converted;
    }

    /// <inheritdoc/>
    public void ForgetPrevious() => _forgotten = true;

    /// <summary>Frees everything, the device too.</summary>
    public void Dispose()
    {
        _sources.Dispose();
        _targets.Dispose();
        _texture.Dispose();
        _external?.Dispose();
        _plane?.Dispose();
        _parameters.Dispose();
        _tiles?.Dispose();
        _hashes?.Dispose();
        _changed?.Dispose();
        _device.Dispose();
    }

    private ConvertOutcome Run(DmaBufScanout scanout, GlesImage source, GlTarget target, int columns, int count)
    {
        // Mesa waits for implicit fences by itself; other drivers do not. One poll, which returns at once if they are done.
        _ = DmaBuf.WaitForWriters(scanout.Planes[0].Fd, WritersTimeoutMs);
        GlesProgram program = source.IsExternal ? _external ??= new GlesProgram(_device, Source(external: true)) : _texture;
        Write(scanout, target.Planes, columns);
        _device.BindUniforms(0, _parameters);
        _device.BindSampler(0, source);
        _device.BindStorage(TilesBinding, _tiles!);
        _device.BindStorage(HashesBinding, _hashes!);
        _device.BindStorage(ChangedBinding, _changed!);
        _device.BindStorage(PictureBinding, target.Buffer);
        _device.Dispatch(program, count);
        if (target.Luma is not null)
        {
            _device.Use(_plane ??= new GlesProgram(_device, Shaders.Text("plane.vert"), Shaders.Text("plane.frag")));
            _device.SetUniform(0, (uint)columns);
            Draw(target.Luma, DamageRegion.TileSize, target.Planes.LumaOffsetWords, target.Planes.LumaStrideWords, twoChannels: 0, count);
            Draw(target.Chroma!, DamageRegion.TileSize / 2, target.Planes.ChromaOffsetWords, target.Planes.ChromaStrideWords, twoChannels: 1, count);
        }

        bool isFirst = _warmed.Add(program) | (target.Luma is not null && _warmed.Add(_plane!));
        return GpuOutcomes.ToConvertOutcome(_device.Wait(isFirst ? FirstRunTimeoutMs : SubmitTimeoutMs));
    }

    private void Write(DmaBufScanout scanout, TargetPlanes planes, int columns)
    {
        var parameters = new Nv12Parameters
        {
            Width = (uint)scanout.Size.Width,
            Height = (uint)scanout.Size.Height,
            PaddedWidth = planes.PaddedWidth,
            PaddedHeight = planes.PaddedHeight,
            SourceX = (uint)scanout.X,
            SourceY = (uint)scanout.Y,
            BottomUp = scanout.IsBottomUp ? 1u : 0u,
            Layout = PixelLayout.Of(scanout.Format)!.Value,
            LumaOffsetWords = planes.LumaOffsetWords,
            LumaStrideWords = planes.LumaStrideWords,
            ChromaOffsetWords = planes.ChromaOffsetWords,
            ChromaStrideWords = planes.ChromaStrideWords,
            TileColumns = (uint)columns,
            ForceChanged = _forgotten ? 1u : 0u,
        };
        MemoryMarshal.AsBytes(new ReadOnlySpan<Nv12Parameters>(in parameters)).CopyTo(MemoryMarshal.AsBytes(Words(_parameters)));
    }

    private void Draw(GlesImage plane, uint tileSize, uint offsetWords, uint strideWords, uint twoChannels, int count)
    {
        _device.SetUniform(1, tileSize);
        _device.SetUniform(2, plane.Width, plane.Height);
        _device.SetUniform(3, offsetWords);
        _device.SetUniform(4, strideWords);
        _device.SetUniform(5, twoChannels);
        _device.DrawQuads(plane, _tiles!, count);
    }

    private static string Source(bool external) =>
        "#version 310 es\n"
        + (external ? "#extension GL_OES_EGL_image_external_essl3 : require\n#define SOURCE_EXTERNAL\n" : "")
        + "#define SOURCE_IMAGE\n#define SOURCE_BINDING 0\n#define TILES_BINDING 0\n#define HASHES_BINDING 1\n"
        + "#define CHANGED_BINDING 2\n#define LUMA_BINDING 3\n#line 1\n" + Shaders.Text("nv12.comp");

    private void Resize(PictureSize size)
    {
        long tiles = TileWork.CountFor(size);
        if (_hashes is null || _hashes.Size < tiles * HashBytesPerTile)
        {
            _tiles?.Dispose();
            _hashes?.Dispose();
            _changed?.Dispose();
            _tiles = new GlesBuffer(_device, tiles * sizeof(uint));
            _changed = new GlesBuffer(_device, tiles * sizeof(uint));
            _hashes = new GlesBuffer(_device, tiles * HashBytesPerTile);
        }

        _size = size;
        _forgotten = true;
    }

    private static unsafe Span<uint> Words(GlesBuffer buffer) => new((void*)buffer.Mapped, (int)(buffer.Size / sizeof(uint)));
}
