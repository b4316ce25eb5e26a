using QemuZeroCopy.Server.Vm;

namespace QemuZeroCopy.Server.Tests.Vm;

public sealed class QemuAudioTests
{
    [Theory]
    [InlineData("qemu -audiodev dbus,id=snd -device intel-hda -device hda-duplex,audiodev=snd", "snd")]
    [InlineData("qemu -audiodev driver=dbus,out.frequency=48000,id=x", "x")]
    [InlineData("qemu --audiodev {\"driver\":\"dbus\",\"id\":\"j\"}", "j")]
    [InlineData("qemu -audio dbus,model=hda", "audiodev0")]
    [InlineData("qemu -audio driver=dbus,model=hda,id=mine", "mine")]
    [InlineData("qemu -audiodev alsa,id=a -audiodev dbus,id=d", "d")]
    public void The_backend_that_was_given_is_told_to_the_display(string command, string backend)
    {
        (IReadOnlyList<string> connected, string? found) = QemuAudio.Connect(command.Split(' '));
        Assert.Equal(backend, found);
        Assert.Equal(command, string.Join(' ', connected));
    }

    [Theory]
    [InlineData("qemu -m 2G disk.img")]
    [InlineData("qemu -device virtio-vga -device intel-hda")]
    [InlineData("qemu -audiodev pa,id=p -device AC97,audiodev=p")]
    [InlineData("qemu -audiodev none,id=n -device AC97")]
    [InlineData("qemu -audiodev {nonsense")]
    [InlineData("qemu -device AC97,audiodev=elsewhere")]
    [InlineData("qemu -audiodev")]
    [InlineData("qemu -device")]
    public void A_machine_without_sound_or_with_sound_elsewhere_is_left_alone(string command)
    {
        (IReadOnlyList<string> connected, string? found) = QemuAudio.Connect(command.Split(' '));
        Assert.Null(found);
        Assert.Equal(command, string.Join(' ', connected));
    }

    [Fact]
    public void A_card_that_nobody_plays_is_heard_in_the_page()
    {
        (IReadOnlyList<string> connected, string? found) = QemuAudio.Connect("qemu -device intel-hda -device hda-duplex,cad=0 -device usb-audio".Split(' '));
        Assert.Equal("qzc-sound", found);
        Assert.Equal("qemu -device intel-hda -device hda-duplex,cad=0,audiodev=qzc-sound -device usb-audio,audiodev=qzc-sound -audiodev dbus,id=qzc-sound,timer-period=2000,out.frequency=48000,in.frequency=48000", string.Join(' ', connected));
    }
}
