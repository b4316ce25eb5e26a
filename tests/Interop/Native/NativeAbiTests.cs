using QemuZeroCopy.Interop.Native;

namespace QemuZeroCopy.Interop.Tests.Native;

public sealed class NativeAbiTests
{
    [Fact]
    public void The_library_beside_the_assembly_is_of_the_same_build()
    {
        Assert.Equal(NativeAbi.Version, NativeAbi.LoadedVersion);
        NativeAbi.ThrowIfForeign();
    }
}
