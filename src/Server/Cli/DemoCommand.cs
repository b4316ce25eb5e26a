using System.CommandLine;
using QemuZeroCopy.Server.Vm;

namespace QemuZeroCopy.Server.Cli;

/// <summary><c>qzc demo</c>: a small guest of our own, to see at once what this is.</summary>
internal static class DemoCommand
{
    private const string Qemu = "qemu-system-x86_64";

    /// <summary>At the rate of the stream, so that nothing is resampled on the way.</summary>
    private static readonly string[] s_sound =
        ["-audiodev", "dbus,id=sound,timer-period=2000,out.frequency=48000,in.frequency=48000", "-device", "intel-hda", "-device", "hda-duplex,audiodev=sound,use-timer=off"];

    public static Command Create(TextWriter output)
    {
        var guest = new Option<string>("--guest") { Description = "Folder with the guest's vmlinuz and initramfs.cpio.zst; './dev guest' builds it.", HelpName = "FOLDER", DefaultValueFactory = _ => DefaultFolder() };
        var append = new Option<string>("--append") { Description = "More words for the guest's command line, as qzc.scene=card", HelpName = "WORDS", DefaultValueFactory = _ => "" };
        var serve = new ServeOptions();
        var command = new Command("demo", Texts.Demo) { guest, append };
        serve.AddTo(command);
        command.SetAction(async (parsed, _) =>
        {
            ServeSettings settings = serve.Read(parsed);
            string[] qemu = CommandLineFor(parsed.GetRequiredValue(guest), parsed.GetRequiredValue(append));
            if (settings.Audio && await QemuProcess.HasDBusSoundAsync(Qemu).ConfigureAwait(false))
                qemu = [.. qemu, .. s_sound];
            await output.WriteLineAsync("Starting the demo guest. Ctrl+C ends it.").ConfigureAwait(false);
            return await Host.ServeProcessAsync(() => QemuProcess.Start(qemu), settings, output).ConfigureAwait(false);
        });
        return command;
    }

    /// <summary>QEMU's command line for the guest in <paramref name="folder"/>. TCG: the demo has to run on machines without KVM, and it is fast enough.</summary>
    internal static string[] CommandLineFor(string folder, string append)
    {
        string kernel = Path.Combine(folder, "vmlinuz"), initramfs = Path.Combine(folder, "initramfs.cpio.zst");
        foreach (string file in (string[])[kernel, initramfs])
        {
            if (!File.Exists(file))
                throw new UserError($"the demo guest is not there ({file} is missing): build it with './dev guest' in the source tree, or name its folder with --guest.");
        }

        return
        [
            Qemu, "-name", "Demo", "-nodefaults", "-no-user-config", "-machine", "q35", "-accel", "tcg,thread=multi", "-cpu", "max", "-smp", "2", "-m", "512",
            "-kernel", kernel, "-initrd", initramfs, "-append", $"quiet console=ttyS0 qzc.shell=ttyS1 {append}".TrimEnd(),
            "-device", "virtio-vga", "-device", "virtio-keyboard-pci", "-device", "virtio-tablet-pci",
            "-chardev", "dbus,id=port1,name=org.qemu.console.serial.0", "-device", "isa-serial,chardev=port1,index=1", "-device", "virtio-serial", "-chardev", "dbus,id=vdagent,name=com.redhat.spice.0", "-device", "virtserialport,chardev=vdagent,name=com.redhat.spice.0",
        ];
    }

    /// <summary>Beside the binary, where a package would put it; else where the source tree builds it.</summary>
    private static string DefaultFolder()
    {
        string beside = Path.Combine(AppContext.BaseDirectory, "guest");
        return Directory.Exists(beside) ? beside : Path.Combine("artifacts", "guest");
    }
}
