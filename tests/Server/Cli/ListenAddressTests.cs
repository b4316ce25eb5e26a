using QemuZeroCopy.Server.Cli;

namespace QemuZeroCopy.Server.Tests.Cli;

public sealed class ListenAddressTests
{
    [Theory]
    [InlineData("8081", "127.0.0.1:8081")]
    [InlineData("127.0.0.1:9000", "127.0.0.1:9000")]
    [InlineData("127.0.0.1", "127.0.0.1:8081")]
    [InlineData("localhost:80", "127.0.0.1:80")]
    [InlineData("*:80", "0.0.0.0:80")]
    [InlineData(":80", "0.0.0.0:80")]
    [InlineData("[::1]:80", "[::1]:80")]
    [InlineData("[::]", "[::]:8081")]
    [InlineData("::1", "[::1]:8081")]
    [InlineData("0.0.0.0:0", "0.0.0.0:0")]
    public void Addresses_are_read_as_people_write_them(string text, string expected)
    {
        Assert.True(ListenAddress.TryParse(text, out System.Net.IPEndPoint? endPoint));
        Assert.Equal(expected, endPoint.ToString());
    }

    [Theory]
    [InlineData("127.0.0.1:x")]
    [InlineData("127.0.0.1:65536")]
    [InlineData("127.0.0.1:-1")]
    [InlineData("example.org:80")]
    [InlineData("1.2.3.4.5:80")]
    [InlineData("[::1:80")]
    [InlineData("x")]
    public void What_is_no_address_is_refused(string text) => Assert.False(ListenAddress.TryParse(text, out _));
}
