using QemuZeroCopy.Interop.Va;
using QemuZeroCopy.Pipeline.Convert;
using QemuZeroCopy.Pipeline.Convert.Cpu;
using QemuZeroCopy.Pipeline.Convert.Gpu;
using QemuZeroCopy.Pipeline.Encode;
using QemuZeroCopy.Pipeline.Encode.Vaapi;
using QemuZeroCopy.Pipeline.Encode.X264;
using QemuZeroCopy.Pipeline.Frames;

namespace QemuZeroCopy.Server.Vm;

/// <summary>
/// The ladder of docs/hardware.md: the ways to encode that this machine has, best first. Shared by all
/// consoles; must outlive their pipelines.
/// </summary>
internal sealed class VideoPaths : IDisposable
{
    private readonly GpuChain? _gpus;

    /// <summary>Looks at the machine's GPUs, which takes some 100 ms; not at all where it has none.</summary>
    public VideoPaths(GpuChoice choice, string? renderNode)
    {
        var ladder = new List<VideoPath>();
        if (choice is GpuChoice.Vulkan or GpuChoice.Gl || (choice == GpuChoice.Auto && HasGpu()))
        {
            _gpus = new GpuChain(choice, renderNode);
            AddGpus(ladder, _gpus.Steps);
        }

        ladder.Add(new CpuVideoPath());
        // A software GPU does the same as the CPU's own path, slower: it is used where somebody asks for it.
        IEnumerable<GpuVideoPath> software = _gpus is null ? [] : _gpus.Steps.Where(step => step.IsSoftware).Select(step => new GpuVideoPath(step));
        var mapped = new MappedVideoPath();
        ladder.AddRange(choice == GpuChoice.Auto ? [mapped, .. software] : [.. software, mapped]);
        Ladder = ladder;
    }

    /// <summary>The ways, best first.</summary>
    public IReadOnlyList<VideoPath> Ladder { get; }

    /// <summary>What was found of GPUs, one line each; empty where there are none.</summary>
    public IReadOnlyList<string> Findings => _gpus?.Findings ?? [];

    public void Dispose() => _gpus?.Dispose();

    private static bool HasGpu() => Directory.Exists("/dev/dri") || File.Exists("/dev/nvidiactl");

    private static void AddGpus(List<VideoPath> ladder, IReadOnlyList<GpuStep> steps)
    {
        var uploads = new List<VideoPath>();
        GpuStep[] hardware = [.. steps.Where(step => !step.IsSoftware)];
        var probed = new HashSet<string>();
        foreach (GpuStep step in hardware)
        {
            if (step.RenderNode is not { } number)
                continue;
            string node = $"/dev/dri/renderD{number.Minor}";
            VaapiProbe probe = VaapiProbe.OfRenderNode(node);
            if (probe.Codecs.Count == 0)
                continue;
            VaDisplay Open() => VaDisplay.OpenRenderNode(node);
            ladder.Add(new VaapiPath($"{step.Name} → vaapi", probe, Open, (out string? whyNot) => step.TryOpen(out IGpuConverter? gpu, out whyNot) ? gpu : null, step.Reads, exportSurfaces: true));
            if (probed.Add(node))
                uploads.Add(new VaapiPath($"cpu → vaapi on {node}", probe, Open, OpenCpuConverter, scanout => scanout is CpuScanout, exportSurfaces: false));
        }

        ladder.AddRange(hardware.Select(step => new GpuVideoPath(step)));
        ladder.AddRange(uploads);
    }

    private static CpuConverter? OpenCpuConverter(out string? whyNot)
    {
        whyNot = null;
        return new CpuConverter();
    }
}
