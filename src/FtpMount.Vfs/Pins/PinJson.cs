using System.Text.Json.Serialization;

namespace FtpMount.Vfs.Pins;

/// <summary>Writes the list of pins without reflection.</summary>
[JsonSerializable(typeof(byte[][]))]
internal sealed partial class PinJson : JsonSerializerContext;
