using QemuZeroCopy.Interop.Linux;

namespace QemuZeroCopy.Interop.Tests.Linux;

public sealed unsafe class PictureMemoryTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(1_536_000)]
    [InlineData(3_133_440)]
    [InlineData(12_533_760)]
    public void It_begins_on_a_page_and_is_all_there(int bytes)
    {
        byte* memory = PictureMemory.Allocate((nuint)bytes);
        Assert.Equal(0, (nint)memory % Environment.SystemPageSize);
        var all = new Span<byte>(memory, bytes);
        all.Fill(7);
        Assert.Equal(7, all[^1]);
        PictureMemory.Free(memory);
        PictureMemory.Free(null);
    }
}
