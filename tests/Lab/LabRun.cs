using System.Diagnostics;
using System.Text.Json;

namespace QemuZeroCopy.Lab.Tests;

/// <summary>
/// One boot of the lab VM (tests/Lab/vm), which every test here judges: real DRM nodes, udmabuf, and QEMU with gl=on
/// inside, on a machine that has none of it. `./dev test lab` builds what it runs.
/// </summary>
public sealed class LabRun
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(16);
    private readonly List<Finding> _findings = [];

    public LabRun()
    {
        string root = FindRoot();
        Output = Path.Combine(root, "artifacts", "lab", "out");
        if (Directory.Exists(Output))
            Directory.Delete(Output, recursive: true);
        Directory.CreateDirectory(Output);
        foreach (string needed in (string[])["artifacts/guest/vmlinuz", "artifacts/lab/initramfs.cpio.gz", "artifacts/lab/bin/qzc-lab"])
            Assert.True(File.Exists(Path.Combine(root, needed)), $"{needed} is missing: run ./dev test lab, which builds it.");
        Boot(root);
        string report = Path.Combine(Output, "report.jsonl");
        Assert.True(File.Exists(report), $"The VM wrote no report. Its console:\n{Console}");
        foreach (string line in File.ReadLines(report))
            _findings.Add(JsonSerializer.Deserialize<Finding>(line, JsonSerializerOptions.Web)!);
    }

    /// <summary>What the VM wrote: artifacts/lab/out.</summary>
    public string Output { get; }

    /// <summary>The end of the VM's serial console.</summary>
    public string Console { get; private set; } = "";

    /// <summary>What a scenario found.</summary>
    public IReadOnlyList<Finding> Of(string scenario) => [.. _findings.Where(finding => finding.Scenario == scenario)];

    private static string FindRoot()
    {
        DirectoryInfo? folder = new(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "QemuZeroCopy.sln")))
            folder = folder.Parent;
        return folder?.FullName ?? throw new InvalidOperationException("The tests run outside of the repository.");
    }

    // QEMU's options end at a comma, but for a doubled one.
    private static string Escape(string path) => path.Replace(",", ",,", StringComparison.Ordinal);

    private void Boot(string root)
    {
        string[] arguments =
        [
            "-accel", "tcg,thread=multi", "-cpu", "max", "-smp", "2", "-m", "4096", "-nodefaults", "-no-user-config", "-no-reboot",
            "-display", "none", "-serial", "stdio", "-device", "virtio-gpu-pci",
            "-kernel", Path.Combine(root, "artifacts/guest/vmlinuz"), "-initrd", Path.Combine(root, "artifacts/lab/initramfs.cpio.gz"),
            "-append", "console=ttyS0 quiet panic=-1",
            "-virtfs", "local,path=/,mount_tag=host,security_model=none,readonly=on,multidevs=remap",
            "-virtfs", $"local,path={Escape(root)},mount_tag=repository,security_model=none,readonly=on,multidevs=remap",
            "-virtfs", $"local,path={Escape(Output)},mount_tag=out,security_model=none",
        ];
        var start = new ProcessStartInfo("qemu-system-x86_64", arguments) { RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true };
        using var qemu = Process.Start(start)!;
        Task<string> output = qemu.StandardOutput.ReadToEndAsync(), errors = qemu.StandardError.ReadToEndAsync();
        bool ended = qemu.WaitForExit(Limit);
        if (!ended)
            qemu.Kill();
        string console = output.Result + errors.Result;
        File.WriteAllText(Path.Combine(Output, "console.log"), console);
        Console = console.Length > 4000 ? console[^4000..] : console;
        Assert.True(ended, $"The lab VM did not end within {Limit.TotalMinutes} minutes. Its console:\n{Console}");
    }
}

/// <summary>One line of the report (tests/Lab/Probe/Report.cs).</summary>
public sealed record Finding(string Scenario, string What, bool Holds, string Detail, double? Value);
