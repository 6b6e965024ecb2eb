using System.Net;
using FtpMount.Ftp.Session;

namespace FtpMount.Ftp.Tests.Tls;

public sealed class PrivateNetworkTests
{
    [Theory]
    [InlineData("127.0.0.1", true)]
    [InlineData("127.255.0.1", true)]
    [InlineData("::1", true)]
    [InlineData("10.0.0.1", true)]
    [InlineData("11.0.0.1", false)]
    [InlineData("172.15.255.255", false)]
    [InlineData("172.16.0.1", true)]
    [InlineData("172.31.255.255", true)]
    [InlineData("172.32.0.1", false)]
    [InlineData("192.168.1.1", true)]
    [InlineData("192.169.1.1", false)]
    [InlineData("169.254.1.1", true)]
    [InlineData("100.63.0.1", false)]
    [InlineData("100.64.0.1", true)]
    [InlineData("100.127.255.255", true)]
    [InlineData("100.128.0.1", false)]
    [InlineData("192.0.2.1", false)]
    [InlineData("fc00::1", true)]
    [InlineData("fdff::1", true)]
    [InlineData("fe80::1", true)]
    [InlineData("febf::1", true)]
    [InlineData("2001:db8::1", false)]
    [InlineData("fb00::1", false)]
    [InlineData("::ffff:10.0.0.1", true)]
    [InlineData("::ffff:192.0.2.1", false)]
    public void Only_addresses_of_this_machine_and_of_private_networks_are_private(string address, bool isPrivate) =>
        Assert.Equal(isPrivate, PrivateNetwork.Contains(IPAddress.Parse(address)));
}
