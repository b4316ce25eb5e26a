namespace QemuZeroCopy.Server.Cli.Doctor;

/// <summary>What was found of graphics, and the way that follows from it.</summary>
internal sealed record GraphicsFindings(IReadOnlyList<Finding> Findings, string Path);

/// <summary>GPUs: render nodes, and the libraries that reach them.</summary>
internal static class GraphicsChecks
{
    private const string CpuPath = "QEMU's shared memory → NV12 on the processor → x264 → WebRTC.";

    public static GraphicsFindings Run()
    {
        string[] nodes = Directory.Exists("/dev/dri") ? [.. Directory.GetFiles("/dev/dri", "renderD*").Order(StringComparer.Ordinal)] : [];
        string[] usable = Array.FindAll(nodes, Probe.CanOpen);
        var findings = new List<Finding> { RenderNodes(nodes, usable) };
        findings.Add(Library("Vulkan", "apt install libvulkan1 mesa-vulkan-drivers", "libvulkan.so.1"));
        findings.Add(Library("EGL", "apt install libegl1", "libEGL.so.1"));
        bool vaapi = Probe.FirstLibrary("libva-drm.so.2") is not null && Probe.FirstLibrary("libavcodec.so.62", "libavcodec.so.61", "libavcodec.so.60", "libavcodec.so.59") is not null;
        findings.Add(vaapi
            ? new Finding("VAAPI through FFmpeg", Verdict.Good, usable.Length > 0 ? "libraries are there" : "libraries are there, without a GPU to use them on")
            : new Finding("VAAPI through FFmpeg", Verdict.Optional, "not installed: x264 encodes on the processor", "apt install libavcodec59 libva-drm2 and the GPU's driver (Intel: intel-media-va-driver, AMD: mesa-va-drivers)"));
        return new GraphicsFindings(findings, usable.Length == 0
            ? $"{CpuPath} There is no GPU that this user could use."
            : $"with 'qzc run --gl' QEMU's DMA-BUFs go to {usable[0]}{(vaapi ? ", where VAAPI encodes if its driver can" : ", and x264 encodes")}; else {CpuPath}");
    }

    private static Finding RenderNodes(string[] nodes, string[] usable)
    {
        if (usable.Length > 0)
            return new Finding("GPU", Verdict.Good, string.Join(", ", usable));
        return nodes.Length > 0
            ? new Finding("GPU", Verdict.Optional, $"{string.Join(", ", nodes)} cannot be opened by this user", "add this user to the group render")
            : new Finding("GPU", Verdict.Optional, "no /dev/dri/renderD*: QEMU cannot draw with gl=on, and pictures are converted on the processor");
    }

    private static Finding Library(string subject, string advice, string name) => Probe.FirstLibrary(name) is { } found
        ? new Finding(subject, Verdict.Good, found)
        : new Finding(subject, Verdict.Optional, "not installed", advice);
}
