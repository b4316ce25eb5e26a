using System.Text;
using QemuZeroCopy.Server.Viewers;
using QemuZeroCopy.Server.Web;

namespace QemuZeroCopy.Server.Tests.Web;

public sealed class SessionCommandTests
{
    [Fact]
    public void A_size_is_read()
    {
        Assert.True(Read("""{"type":"resize","width":1280,"height":720,"widthMm":300,"heightMm":99999}""", out SessionCommand command));
        Assert.Equal((1280, 720, 300, 10_000), (command.Size!.Value.Width, command.Size.Value.Height, command.Size.Value.WidthMm, command.Size.Value.HeightMm));
    }

    [Fact]
    public void An_action_is_read()
    {
        Assert.True(Read("""{"type":"machine","action":"pause"}""", out SessionCommand command));
        Assert.Equal("pause", command.Action);
    }

    [Fact]
    public void A_medium_to_insert_or_eject_is_read()
    {
        Assert.True(Read("""{"type":"medium","drive":"cd0","file":"a.iso"}""", out SessionCommand insert));
        Assert.Equal(new MediumCommand("cd0", "a.iso", false), insert.Medium);
        Assert.True(Read("""{"type":"medium","drive":"cd0","force":true}""", out SessionCommand eject));
        Assert.Equal(new MediumCommand("cd0", null, true), eject.Medium);
    }

    [Fact]
    public void A_size_of_nothing_turns_the_screen_off()
    {
        Assert.True(Read("""{"type":"resize","width":0,"height":0}""", out SessionCommand command));
        Assert.Equal((0, 0), (command.Size!.Value.Width, command.Size.Value.Height));
    }

    [Fact]
    public void A_name_and_the_wish_to_drive_are_read()
    {
        Assert.True(Read("""{"type":"name","name":"Ada"}""", out SessionCommand command));
        Assert.Equal(("Ada", false), (command.Name, command.TakesControl));
        Assert.True(Read("""{"type":"control"}""", out command));
        Assert.Equal((null, true), (command.Name, command.TakesControl));
    }

    [Fact]
    public void What_the_page_says_of_a_picture_is_read()
    {
        Assert.True(Read("""{"type":"seen","picture":4294967295,"receivedUs":9007199254740991,"decodeUs":1200,"showUs":8000}""", out SessionCommand command));
        Assert.Equal(new Sighting(uint.MaxValue, 9_007_199_254_740_991, 1200, 8000), command.Seen);
    }

    [Fact]
    public void A_frame_rate_is_read()
    {
        Assert.True(Read("""{"type":"pace","fps":120}""", out SessionCommand command));
        Assert.Equal(120, command.FramesPerSecond);
        Assert.False(Read("""{"type":"pace","fps":0}""", out _));
        Assert.False(Read("""{"type":"pace","fps":1e99}""", out _));
        Assert.False(Read("""{"type":"pace"}""", out _));
    }

    [Fact]
    public void What_can_be_spared_of_the_sound_is_read()
    {
        Assert.True(Read("""{"type":"sound","spareMs":-7}""", out SessionCommand command));
        Assert.Equal(-7, command.SpareSoundMs);
        Assert.False(Read("""{"type":"sound","spareMs":1.5}""", out _));
        Assert.False(Read("""{"type":"sound"}""", out _));
    }

    [Theory]
    [InlineData("")]
    [InlineData("hello")]
    [InlineData("[]")]
    [InlineData("1")]
    [InlineData("{}")]
    [InlineData("""{"type":1}""")]
    [InlineData("""{"type":"machine"}""")]
    [InlineData("""{"type":"name"}""")]
    [InlineData("""{"type":"name","name":["Ada"]}""")]
    [InlineData("""{"type":"machine","action":1}""")]
    [InlineData("""{"type":"seen"}""")]
    [InlineData("""{"type":"seen","picture":-1,"receivedUs":1,"decodeUs":1,"showUs":1}""")]
    [InlineData("""{"type":"seen","picture":1,"receivedUs":1e99,"decodeUs":1,"showUs":1}""")]
    [InlineData("""{"type":"seen","picture":1,"receivedUs":"1","decodeUs":1,"showUs":1}""")]
    [InlineData("""{"type":"seen","picture":1,"receivedUs":1,"decodeUs":1}""")]
    [InlineData("""{"type":"medium"}""")]
    [InlineData("""{"type":"medium","drive":1}""")]
    [InlineData("""{"type":"resize","width":0,"height":720}""")]
    [InlineData("""{"type":"resize","width":1280,"height":16385}""")]
    [InlineData("""{"type":"resize","width":"1280","height":720}""")]
    [InlineData("""{"type":"resize","width":1e99,"height":720}""")]
    [InlineData("""{"type":"resize","width":12.5,"height":720}""")]
    public void What_is_no_command_is_refused(string message) => Assert.False(Read(message, out _));

    private static bool Read(string message, out SessionCommand command) => SessionCommand.TryRead(Encoding.UTF8.GetBytes(message), out command);
}
