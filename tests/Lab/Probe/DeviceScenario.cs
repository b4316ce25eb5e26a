using QemuZeroCopy.Pipeline.Convert.Gpu;

namespace QemuZeroCopy.Lab.Tests.Probe;

/// <summary>What the chain finds on a machine with render nodes, as `qzc doctor` shows it.</summary>
internal static class DeviceScenario
{
    public const string VirtioGpu = "/dev/dri/renderD128";

    public static void Run(Report report)
    {
        foreach (string node in Directory.GetFiles("/dev/dri"))
            report.Add("devices", "node", true, node);
        foreach (string? node in (string?[])[null, VirtioGpu, "/dev/dri/renderD129"])
        {
            using var chain = new GpuChain(GpuChoice.Auto, node);
            foreach (string finding in chain.Findings)
                report.Add("devices", $"auto on {node ?? "any"}", true, finding);
            report.Add("devices", $"steps on {node ?? "any"}", chain.Steps.Count > 0, "", chain.Steps.Count);
        }

        // No GPU is emulated here: GL on a node would be Mesa's rasterizer, which must be refused, not used.
        foreach (string node in (string[])[VirtioGpu, "/dev/dri/renderD129"])
        {
            using var chain = new GpuChain(GpuChoice.Gl, node);
            report.Add("devices", $"gl on {node} is refused", chain.Steps.Count == 0, string.Join("; ", chain.Findings));
        }
    }
}
