using System.Globalization;
using QemuZeroCopy.Server.Vm;

namespace QemuZeroCopy.Server.Cli.Doctor;

/// <summary>Which QEMU is installed, and whether it can show its screen over D-Bus.</summary>
internal static class QemuChecks
{
    private const string Program = "qemu-system-x86_64";

    public static async Task<IReadOnlyList<Finding>> RunAsync()
    {
        string? text = await Probe.OutputOfAsync(Program, "--version").ConfigureAwait(false);
        if (text is null)
        {
            if (Probe.IsInstalled(Program))
                return [Silent(Program)];
            return [new Finding("QEMU", Verdict.Missing, $"{Program} is not installed",
                "apt install qemu-system-x86 qemu-system-modules-opengl (other distributions: the QEMU system emulator with its D-Bus display)")];
        }

        var findings = new List<Finding> { Version(text) };
        bool display = await QemuProcess.HasDBusDisplayAsync(Program).ConfigureAwait(false);
        findings.Add(display
            ? new Finding("QEMU's D-Bus display", Verdict.Good, "there")
            : new Finding("QEMU's D-Bus display", Verdict.Missing, "not built in, or its module is not installed", "Debian and Ubuntu: apt install qemu-system-modules-opengl; Fedora: dnf install qemu-ui-dbus"));
        findings.Add(await QemuProcess.HasDBusSoundAsync(Program).ConfigureAwait(false)
            ? new Finding("QEMU's D-Bus sound", Verdict.Good, "there: give the machine -audiodev dbus and the display its name")
            : new Finding("QEMU's D-Bus sound", Verdict.Optional, "not built in, or its module is not installed: machines are shown without sound", "Debian and Ubuntu: apt install qemu-system-modules-opengl; Fedora: dnf install qemu-audio-dbus"));
        findings.Add(await KvmAsync().ConfigureAwait(false));
        return findings;
    }

    /// <summary>A program that is there and says nothing: on a very slow machine it may work all the same.</summary>
    internal static Finding Silent(string program) => new(
        "QEMU", Verdict.Optional, $"{program} is there, but did not tell its version within {Probe.Timeout.TotalSeconds:F0} seconds", $"see whether '{program} --version' works, and how long it takes");

    private static async Task<Finding> KvmAsync()
    {
        if (!File.Exists("/dev/kvm"))
            return new Finding("KVM", Verdict.Optional, "no /dev/kvm: guests are emulated, many times slower", "switch virtualization on in the firmware, or nested virtualization where this is a guest itself");
        if (!Probe.CanOpen("/dev/kvm"))
            return new Finding("KVM", Verdict.Optional, "/dev/kvm is there, but not for this user", "add this user to the group kvm");
        // A nested KVM may open and then hardly move: only firmware that got through its start proves that it works.
        string? log = await Probe.OutputOfAsync("timeout", "--preserve-status", "3", Program, "-accel", "kvm", "-nodefaults", "-display", "none", "-m", "32", "-no-reboot",
            "-chardev", "stdio,id=log", "-device", "isa-debugcon,iobase=0x402,chardev=log").ConfigureAwait(false);
        return log?.Contains("No bootable device", StringComparison.Ordinal) == true
            ? new Finding("KVM", Verdict.Good, "works")
            : new Finding("KVM", Verdict.Optional, "/dev/kvm opens, but firmware did not get through its start within 3 seconds", "start guests with -accel tcg on this machine");
    }

    private static Finding Version(string text)
    {
        string first = text.Split('\n')[0].Trim();
        string number = first.Split(' ').FirstOrDefault(word => word.Length > 0 && char.IsAsciiDigit(word[0])) ?? "";
        string[] parts = number.Split('.');
        int major = int.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out int m) ? m : 0;
        int minor = parts.Length > 1 && int.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out int n) ? n : 0;
        return (major, minor) switch
        {
            ( >= 10, _) or (9, >= 2) => new Finding("QEMU", Verdict.Good, $"{number}: shares the guest's pictures as memory"),
            ( >= 7, _) => new Finding("QEMU", Verdict.Optional, $"{number}: sends each picture in a message (gl=off), or shares it (gl=on)", "QEMU 9.2 or newer shares memory with gl=off too; Debian 12: apt install -t bookworm-backports qemu-system-x86 qemu-system-modules-opengl"),
            _ => new Finding("QEMU", Verdict.Missing, $"{number}: has no D-Bus display", "QEMU 7.0 or newer is needed, 9.2 or newer is best"),
        };
    }
}
