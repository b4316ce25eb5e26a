using QemuZeroCopy.Interop.Va;
using QemuZeroCopy.Pipeline.Convert;
using QemuZeroCopy.Pipeline.Convert.Cpu;
using QemuZeroCopy.Pipeline.Convert.Gpu;
using QemuZeroCopy.Pipeline.Encode;
using QemuZeroCopy.Pipeline.Encode.Vaapi;
using QemuZeroCopy.Pipeline.Encode.X264;
using QemuZeroCopy.Pipeline.Frames;
using QemuZeroCopy.Server.Cli;

namespace QemuZeroCopy.Server.Vm;

/// <summary>Which encoders may be used (<c>--encoder</c>).</summary>
internal enum EncoderChoice
{
    /// <summary>The GPU's own where a hardware GPU converts, else x264.</summary>
    Auto,

    /// <summary>VAAPI, also behind a conversion in software; without it nothing starts.</summary>
    Vaapi,

    /// <summary>x264 on the processor.</summary>
    X264,
}

/// <summary>Which codec is sent where all viewers take it (<c>--codec</c>).</summary>
internal enum CodecChoice
{
    /// <summary>The newest that a GPU encodes.</summary>
    Auto,

    /// <summary>H.264 alone.</summary>
    H264,

    /// <summary>H.265, else H.264.</summary>
    Hevc,

    /// <summary>AV1, else H.264.</summary>
    Av1,
}

/// <summary>How finely colour is sampled (<c>--chroma</c>).</summary>
internal enum ChromaChoice
{
    /// <summary>4:2:0, which every viewer takes.</summary>
    Quarter,

    /// <summary>4:4:4 whenever all viewers of a console take it, at the price of a hardware encoder.</summary>
    Full,

    /// <summary>4:4:4 whenever all viewers take it and there is no hardware encoder to lose by it.</summary>
    Auto,
}

/// <summary>
/// The ladder of docs/hardware.md: the ways to encode that this machine has, best first. Shared by all
/// consoles; must outlive their pipelines.
/// </summary>
internal sealed class VideoPaths : IDisposable
{
    private readonly GpuChain? _gpus;
    private readonly List<VideoPath> _ladder = [];
    private readonly Dictionary<string, VaapiProbe> _probes = [];

    /// <summary>Looks at the machine's GPUs, which takes some 100 ms; not at all where it has none.</summary>
    /// <exception cref="UserError">VAAPI was asked for, and there is none.</exception>
    public VideoPaths(GpuChoice choice, string? renderNode, EncoderChoice encoder = EncoderChoice.Auto)
    {
        if (choice is GpuChoice.Vulkan or GpuChoice.Gl || (choice == GpuChoice.Auto && HasGpu()))
            _gpus = new GpuChain(choice, renderNode);
        GpuStep[] hardware = [.. Steps.Where(step => !step.IsSoftware)], software = [.. Steps.Where(step => step.IsSoftware)];
        var uploads = new List<VideoPath>();
        if (encoder != EncoderChoice.X264)
            uploads = AddVaapi(encoder == EncoderChoice.Vaapi ? [.. hardware, .. software] : hardware, encoder == EncoderChoice.Vaapi ? renderNode ?? FirstNode() : null);
        if (encoder == EncoderChoice.Vaapi && uploads.Count == 0)
        {
            _gpus?.Dispose();
            throw new UserError($"--encoder vaapi: {(_probes.Count == 0 ? "there is no /dev/dri/renderD*." : string.Join(" ", _probes.Values.Select(probe => probe.Problem)))} Leave it out to encode with x264.");
        }

        _ladder.AddRange(hardware.Select(step => new GpuVideoPath(step)));
        _ladder.AddRange(uploads);
        _ladder.Add(new CpuVideoPath());
        // A software GPU does the same as the CPU's own path, slower: it is used where somebody asks for it.
        IEnumerable<GpuVideoPath> emulated = software.Select(step => new GpuVideoPath(step));
        _ladder.AddRange(choice == GpuChoice.Auto ? [new MappedVideoPath(), .. emulated] : [.. emulated, new MappedVideoPath()]);
    }

    /// <summary>The ways, best first.</summary>
    public IReadOnlyList<VideoPath> Ladder => _ladder;

    /// <summary>What may be sent, best first; the last is H.264 in 4:2:0, which every path makes and every viewer takes.</summary>
    /// <exception cref="UserError">A codec was asked for that nothing here encodes.</exception>
    public IReadOnlyList<VideoFormat> FormatsFor(CodecChoice choice, ChromaChoice chroma)
    {
        VideoCodec[] made = [.. _probes.Values.SelectMany(probe => probe.Codecs).Distinct()];
        VideoCodec[] wanted = choice switch
        {
            CodecChoice.Hevc => [VideoCodec.H265],
            CodecChoice.Av1 => [VideoCodec.Av1],
            CodecChoice.H264 => [],
            _ => [.. ((VideoCodec[])[VideoCodec.Av1, VideoCodec.H265]).Where(made.Contains)],
        };
        foreach (VideoCodec codec in wanted)
        {
            if (!made.Contains(codec))
                throw new UserError($"--codec {choice.ToString().ToLowerInvariant()}: no GPU here encodes it, see 'qzc doctor'. Leave it out to send H.264.");
        }

        bool isFull = chroma == ChromaChoice.Full || (chroma == ChromaChoice.Auto && made.Length == 0);
        return [.. isFull ? [VideoFormat.FullChroma] : (VideoFormat[])[], .. wanted.Append(VideoCodec.H264).Select(codec => VideoFormat.Default with { Codec = codec })];
    }

    /// <summary>What was found of GPUs, one line each; empty where there are none.</summary>
    public IReadOnlyList<string> Findings => _gpus?.Findings ?? [];

    /// <summary>What the VA-API drivers of the render nodes said that were asked.</summary>
    public IReadOnlyDictionary<string, VaapiProbe> Probes => _probes;

    private IReadOnlyList<GpuStep> Steps => _gpus?.Steps ?? [];

    public void Dispose() => _gpus?.Dispose();

    private static bool HasGpu() => Directory.Exists("/dev/dri") || File.Exists("/dev/nvidiactl");

    private static string? FirstNode() => Directory.Exists("/dev/dri") ? Directory.GetFiles("/dev/dri", "renderD*").Order(StringComparer.Ordinal).FirstOrDefault() : null;

    /// <summary>
    /// Adds conversion into VAAPI's surfaces for each step whose node has an encoder, and gives the paths that upload
    /// to it. A step without a node of its own encodes on <paramref name="otherNode"/>.
    /// </summary>
    private List<VideoPath> AddVaapi(GpuStep[] steps, string? otherNode)
    {
        var uploads = new List<VideoPath>();
        foreach (GpuStep step in steps)
        {
            if ((step.RenderNode is { } number ? $"/dev/dri/renderD{number.Minor}" : otherNode) is { } node && AddUploads(uploads, node) is { } probe)
                _ladder.Add(new VaapiPath($"{step.Name} → vaapi", probe, () => VaDisplay.OpenRenderNode(node), (out string? whyNot) => step.TryOpen(out IGpuConverter? gpu, out whyNot) ? gpu : null, step.Reads, exportSurfaces: true));
        }

        if (otherNode is not null)
            AddUploads(uploads, otherNode);
        return uploads;
    }

    /// <summary>What the node encodes; null for nothing. The first time, the ways that upload to it are added.</summary>
    private VaapiProbe? AddUploads(List<VideoPath> uploads, string node)
    {
        if (_probes.TryGetValue(node, out VaapiProbe? probe))
            return probe.Codecs.Count > 0 ? probe : null;
        _probes[node] = probe = VaapiProbe.OfRenderNode(node);
        if (probe.Codecs.Count == 0)
            return null;
        VaDisplay Open() => VaDisplay.OpenRenderNode(node);
        uploads.Add(new VaapiPath($"cpu → vaapi on {node}", probe, Open, Use<CpuConverter>, scanout => scanout is CpuScanout, exportSurfaces: false));
        uploads.Add(new VaapiPath($"cpu-mapped → vaapi on {node}", probe, Open, Use<MappedConverter>, MappedConverter.Reads, exportSurfaces: false));
        return probe;
    }

    private static T Use<T>(out string? whyNot)
        where T : IFrameConverter, new()
    {
        whyNot = null;
        return new T();
    }
}
