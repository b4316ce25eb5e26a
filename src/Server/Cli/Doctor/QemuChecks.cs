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
            return [new Finding("QEMU", Verdict.Missing, $"{Program} is not installed",
                "apt install qemu-system-x86 qemu-system-modules-opengl (other distributions: the QEMU system emulator with its D-Bus display)")];
        }

        var findings = new List<Finding> { Version(text) };
        bool display = await QemuProcess.HasDBusDisplayAsync(Program).ConfigureAwait(false);
        findings.Add(display
            ? new Finding("QEMU's D-Bus display", Verdict.Good, "there")
            : new Finding("QEMU's D-Bus display", Verdict.Missing, "not built in, or its module is not installed", "Debian and Ubuntu: apt install qemu-system-modules-opengl; Fedora: dnf install qemu-ui-dbus"));
        findings.Add(Probe.CanOpen("/dev/kvm")
            ? new Finding("KVM", Verdict.Good, "/dev/kvm can be opened")
            : new Finding("KVM", Verdict.Optional, File.Exists("/dev/kvm") ? "/dev/kvm is there, but not for this user" : "no /dev/kvm: guests are emulated, many times slower",
                File.Exists("/dev/kvm") ? "add this user to the group kvm" : "switch virtualization on in the firmware, or nested virtualization where this is a guest itself"));
        return findings;
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
