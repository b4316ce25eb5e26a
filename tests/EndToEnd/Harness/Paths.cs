namespace QemuZeroCopy.EndToEnd.Tests.Harness;

/// <summary>Where <c>./dev test e2e</c> has put what these tests drive.</summary>
internal static class Paths
{
    private static readonly string[] s_browsers = ["/usr/bin/chromium", "/usr/bin/google-chrome", "/usr/bin/chromium-browser"];

    public static string Root { get; } = FindRoot();

    /// <summary>The published Native AOT binary; QZC names another one.</summary>
    public static string Qzc => Environment.GetEnvironmentVariable("QZC") ?? Existing("artifacts/publish/qzc", "./dev publish");

    public static string GuestFolder => Path.Combine(Root, "artifacts/guest");

    /// <summary>Unpacked where that could be done: an emulated machine starts it two seconds sooner.</summary>
    public static string Kernel => Path.Combine(GuestFolder, "vmlinux") is var kernel && File.Exists(kernel) ? kernel : Existing("artifacts/guest/vmlinuz", "./dev guest");

    public static string Initramfs => Existing("artifacts/guest/initramfs.cpio.zst", "./dev guest");

    /// <summary>What a failed test saw stays here, a folder per test.</summary>
    public static string Artefacts => Path.Combine(Root, "artifacts/e2e");

    public static string Chromium =>
        Environment.GetEnvironmentVariable("QZC_CHROMIUM")
        ?? s_browsers.FirstOrDefault(File.Exists)
        ?? throw new InvalidOperationException("There is no Chromium: run ./dev setup, or name one by QZC_CHROMIUM.");

    private static string Existing(string relative, string command)
    {
        string path = Path.Combine(Root, relative);
        return File.Exists(path) ? path : throw new InvalidOperationException($"{relative} is missing: run {command} first.");
    }

    private static string FindRoot()
    {
        string? folder = AppContext.BaseDirectory;
        while (folder is not null && !File.Exists(Path.Combine(folder, "QemuZeroCopy.sln")))
            folder = Path.GetDirectoryName(folder);
        return folder ?? throw new InvalidOperationException("These tests run inside the working tree.");
    }
}
